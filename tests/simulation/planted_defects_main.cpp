// planted_defects: switches the planted defects on, one after another, and demands that the simulation finds each.
//
//   planted_defects [--seeds N] [--only NAME]
//
// Each is tried first on the seed that is known to meet it, then on the seeds from 1 to N: a change of the world may
// move it. The seed that finds it must keep every promise without the defect. Exit 0: all were found. The last line is
// "K of K caught".
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/planted_defect.hpp"
#include "base/text.hpp"
#include "tests/simulation/world.hpp"

namespace stellwerk::simulation {
namespace {

struct named_defect {
  defect which;
  const char* name;
  std::uint64_t seed;  // known to meet it; 0: none is
};

constexpr std::array all_defects{
    named_defect{defect::state_not_synced, "state_not_synced", 1},
    named_defect{defect::body_not_synced, "body_not_synced", 1},
    named_defect{defect::state_before_body, "state_before_body", 3},
    named_defect{defect::directory_not_synced, "directory_not_synced", 1},
    named_defect{defect::torn_commit_is_damage, "torn_commit_is_damage", 11},
    named_defect{defect::segment_unlinked_early, "segment_unlinked_early", 826},
    named_defect{defect::failed_settle_told_as_done, "failed_settle_told_as_done", 1},
    named_defect{defect::default_log_recovery, "default_log_recovery", 17},
    named_defect{defect::checksum_not_verified, "checksum_not_verified", 213},
    named_defect{defect::key_checked_then_stored, "key_checked_then_stored", 3},
    named_defect{defect::merge_repeats_recipients, "merge_repeats_recipients", 5},
    named_defect{defect::intent_not_written, "intent_not_written", 1},
    named_defect{defect::intent_forgotten_at_start, "intent_forgotten_at_start", 1},
    named_defect{defect::decided_anew_after_crash, "decided_anew_after_crash", 1},
    named_defect{defect::recipient_leased_twice, "recipient_leased_twice", 1},
    named_defect{defect::lost_after_dot_is_not_sent, "lost_after_dot_is_not_sent", 17},
    named_defect{defect::lost_after_request_is_not_sent, "lost_after_request_is_not_sent", 2},
    named_defect{defect::server_error_is_not_sent, "server_error_is_not_sent", 45},
    named_defect{defect::pin_lost_when_repeat_fails, "pin_lost_when_repeat_fails", 1},
    named_defect{defect::deferral_bounces, "deferral_bounces", 9},
    named_defect{defect::budget_ignored, "budget_ignored", 67},
    named_defect{defect::invariants_skipped_on_failover, "invariants_skipped_on_failover", 6},
    named_defect{defect::notice_forgotten, "notice_forgotten", 6},
    named_defect{defect::notice_about_first_alone, "notice_about_first_alone", 25},
    named_defect{defect::notice_to_null_path, "notice_to_null_path", 9},
    named_defect{defect::ledger_line_forgotten, "ledger_line_forgotten", 1},
    named_defect{defect::crash_not_told, "crash_not_told", 1},
    named_defect{defect::lane_end_assumed, "lane_end_assumed", 4},
    named_defect{defect::bare_lf_taken, "bare_lf_taken", 1},
    named_defect{defect::dots_not_stuffed, "dots_not_stuffed", 1},
    named_defect{defect::dots_not_unstuffed, "dots_not_unstuffed", 1},
};

std::string first_violation(std::uint64_t seed, defect which) {
  planted_defect = which;
  const run_result result = run_world(seed);
  return result.violations.empty() ? std::string{} : result.violations.front();
}

bool is_caught(const named_defect& one, std::uint64_t seeds) {
  std::uint64_t seed = one.seed;
  std::string found = seed == 0 ? std::string{} : first_violation(seed, one.which);
  for (std::uint64_t next = 1; found.empty() && next <= seeds; ++next) {
    seed = next;
    found = first_violation(seed, one.which);
  }
  if (found.empty()) {
    std::printf("%-32s NOT CAUGHT in %llu seeds\n", one.name, static_cast<unsigned long long>(seeds));
    return false;
  }
  std::printf("%-32s seed %4llu  %s\n", one.name, static_cast<unsigned long long>(seed), found.c_str());
  const std::string otherwise = first_violation(seed, defect::none);
  if (!otherwise.empty()) std::printf("%-32s that seed fails without it: %s\n", one.name, otherwise.c_str());
  return otherwise.empty();
}

int run(int count, char** values) {
  std::uint64_t seeds = 500;
  std::string_view only;
  for (int i = 1; i + 1 < count; ++i) {
    const std::string_view name = values[i];
    if (name == "--seeds") seeds = parse_decimal(values[i + 1]).value_or(seeds);
    if (name == "--only") only = values[i + 1];
  }
  std::size_t caught = 0;
  std::size_t tried = 0;
  for (const named_defect& one : all_defects) {
    if (!only.empty() && only != one.name) continue;
    ++tried;
    caught += is_caught(one, seeds) ? 1 : 0;
    std::fflush(stdout);
  }
  std::printf("%zu of %zu caught\n", caught, tried);
  return tried > 0 && caught == tried ? 0 : 1;
}

}  // namespace
}  // namespace stellwerk::simulation

int main(int count, char** values) { return stellwerk::simulation::run(count, values); }
