// planted_defect: mistakes put into the code on purpose, so that the tests can show that they would find them.
//
// Compiled in by STELLWERK_PLANTED_DEFECTS (never in a release); then one of them at a time is switched on by name at
// run time. Without it `planted` is the constant false and costs nothing. Each site is one line; what the right code
// does stands beside it. Thread rule: any thread reads.
#pragma once

#include <cstdint>

#ifdef STELLWERK_PLANTED_DEFECTS
#include <atomic>
#endif

namespace stellwerk {

enum class defect : std::uint8_t {
  none,
  // ---- the store ----
  state_not_synced,            // acknowledged before the sync of the log
  body_not_synced,             // acknowledged before the sync of the body
  state_before_body,           // the state refers to a body that is not there yet
  directory_not_synced,        // a new segment may lose its name
  torn_commit_is_damage,       // a store with one does not open
  segment_unlinked_early,      // before the settle that released it is durable
  failed_settle_told_as_done,  // an outcome counts although its commit failed
  default_log_recovery,        // RocksDB's own choice, which drops what follows a fault in the log
  checksum_not_verified,       // of a body that is read
  key_checked_then_stored,     // two submissions with one key in one commit are both new
  merge_repeats_recipients,
  // ---- intents and recovery ----
  intent_not_written,
  intent_forgotten_at_start,
  decided_anew_after_crash,  // another destination may get what the first may have
  recipient_leased_twice,    // two attempts for one recipient at once
  // ---- outcomes ----
  lost_after_dot_is_not_sent,
  lost_after_request_is_not_sent,
  server_error_is_not_sent,
  pin_lost_when_repeat_fails,
  deferral_bounces,
  budget_ignored,
  invariants_skipped_on_failover,
  notice_forgotten,
  notice_about_first_alone,  // of the recipients that share one
  notice_to_null_path,
  ledger_line_forgotten,
  crash_not_told,  // the ledger does not know of an attempt that a crash cut off
  // ---- lanes ----
  lane_end_assumed,  // what lies behind the window is never read
  // ---- the wire ----
  bare_lf_taken,
  dots_not_stuffed,
  dots_not_unstuffed,
};

#ifdef STELLWERK_PLANTED_DEFECTS
inline std::atomic<defect> planted_defect{defect::none};
[[nodiscard]] inline bool planted(defect which) noexcept {
  return planted_defect.load(std::memory_order_relaxed) == which;
}
#else
[[nodiscard]] constexpr bool planted(defect /*which*/) noexcept { return false; }
#endif

}  // namespace stellwerk
