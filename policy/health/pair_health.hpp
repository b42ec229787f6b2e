// pair_health: one (destination, mailbox provider) pair. A provider that answers "not so fast" behind a destination
// closes only its own pair; mail for other providers flows on.
//
//   From       Event                                   To         Note
//   closed     deferred_mailbox_provider               open       ejection time with jitter, doubling up to
//   ejection_max open       the time has passed                     half_open  one trial message at a time half_open
//   trial answered otherwise than deferred  closed half_open  trial deferred again                    open       twice
//   the time any        throttled for this pair                 (same)     paused by its throttle
//
// Thread rule: one owner (the dispatcher).
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "mail/attempt_outcome.hpp"
#include "policy/health/destination_health.hpp"
#include "policy/health/throttle.hpp"
#include "policy/live_state.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

class pair_health {
 public:
  pair_health(const health_config& config, random_source& random);

  // none, ejected or throttled.
  [[nodiscard]] candidate_reason unavailable(steady_point now) const;
  // Takes the trial when the pair is half open; false: not now.
  [[nodiscard]] bool begin(steady_point now);
  // Every attempt that begin() allowed ends in exactly one of these two.
  void finish(mail::attempt_outcome outcome, steady_point began, steady_point now);
  void cancel() { trial_running_ = false; }
  void throttled(std::optional<duration> retry_after, steady_point began, steady_point now);

  [[nodiscard]] health_state state(steady_point now) const;
  // Nothing to remember: the owner may drop it.
  [[nodiscard]] bool idle(steady_point now) const;

 private:
  void open(steady_point now);

  health_config config_;
  random_source& random_;
  stellwerk::policy::throttle throttle_;
  std::optional<steady_point> open_until_;
  steady_point opened_at_{};
  std::uint32_t repetitions_ = 0;
  bool trial_running_ = false;
};

}  // namespace stellwerk::policy
