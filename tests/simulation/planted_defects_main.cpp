// planted_defects: switches the planted defects on, one after another, and demands that the simulation finds each.
//
//   planted_defects [--seeds N] [--only NAME]
//
// Exit 0: all were found within N seeds each. The last line is "K of K caught".
#include <array>
#include <cstdio>
#include <string_view>

#include "base/planted_defect.hpp"
#include "base/text.hpp"
#include "tests/simulation/world.hpp"

namespace stellwerk::simulation {
namespace {

struct named_defect {
  defect which;
  const char* name;
};

constexpr std::array all_defects{
    named_defect{defect::state_not_synced, "state_not_synced"},
    named_defect{defect::body_not_synced, "body_not_synced"},
    named_defect{defect::state_before_body, "state_before_body"},
    named_defect{defect::directory_not_synced, "directory_not_synced"},
    named_defect{defect::segment_unlinked_early, "segment_unlinked_early"},
    named_defect{defect::failed_settle_told_as_done, "failed_settle_told_as_done"},
    named_defect{defect::key_checked_then_stored, "key_checked_then_stored"},
    named_defect{defect::merge_repeats_recipients, "merge_repeats_recipients"},
    named_defect{defect::intent_not_written, "intent_not_written"},
    named_defect{defect::intent_forgotten_at_start, "intent_forgotten_at_start"},
    named_defect{defect::decided_anew_after_crash, "decided_anew_after_crash"},
    named_defect{defect::lost_after_dot_is_not_sent, "lost_after_dot_is_not_sent"},
    named_defect{defect::lost_after_request_is_not_sent, "lost_after_request_is_not_sent"},
    named_defect{defect::server_error_is_not_sent, "server_error_is_not_sent"},
    named_defect{defect::pin_lost_when_repeat_fails, "pin_lost_when_repeat_fails"},
    named_defect{defect::deferral_bounces, "deferral_bounces"},
    named_defect{defect::budget_ignored, "budget_ignored"},
    named_defect{defect::invariants_skipped_on_failover, "invariants_skipped_on_failover"},
    named_defect{defect::notice_forgotten, "notice_forgotten"},
    named_defect{defect::ledger_line_forgotten, "ledger_line_forgotten"},
    named_defect{defect::lane_end_assumed, "lane_end_assumed"},
    named_defect{defect::bare_lf_taken, "bare_lf_taken"},
    named_defect{defect::dots_not_stuffed, "dots_not_stuffed"},
    named_defect{defect::dots_not_unstuffed, "dots_not_unstuffed"},
};

bool is_caught(const named_defect& one, std::uint64_t seeds) {
  planted_defect = one.which;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const run_result result = run_world(seed);
    if (result.violations.empty()) continue;
    std::printf("%-32s seed %4llu  %s\n", one.name, static_cast<unsigned long long>(seed),
                result.violations.front().c_str());
    return true;
  }
  std::printf("%-32s NOT CAUGHT in %llu seeds\n", one.name, static_cast<unsigned long long>(seeds));
  return false;
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
