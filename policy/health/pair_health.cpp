#include "policy/health/pair_health.hpp"

#include <algorithm>

#include "policy/health/ejection_time.hpp"

namespace stellwerk::policy {

pair_health::pair_health(const health_config& config, random_source& random) : config_{config}, random_{random} {}

candidate_reason pair_health::unavailable(steady_point now) const {
  if (throttle_.blocked(now)) return candidate_reason::throttled;
  if (!open_until_) return candidate_reason::none;
  if (now < *open_until_ || trial_running_) return candidate_reason::ejected;
  return candidate_reason::none;
}

bool pair_health::begin(steady_point now) {
  if (unavailable(now) != candidate_reason::none) return false;
  if (open_until_) trial_running_ = true;
  return true;
}

void pair_health::finish(mail::attempt_outcome outcome, steady_point began, steady_point now) {
  // An attempt that began before the pair opened belongs to the burst that opened it.
  const bool stale = open_until_ && began <= opened_at_;
  if (!stale) trial_running_ = false;
  if (outcome == mail::attempt_outcome::deferred_mailbox_provider) {
    if (!stale) open(now);
    return;
  }
  if (outcome == mail::attempt_outcome::delivered) throttle_.accepted(began);
  if (stale) return;
  // Losing the destination, or being throttled by it, tells nothing about the provider behind it.
  const bool answered = outcome != mail::attempt_outcome::deferred_destination &&
                        outcome != mail::attempt_outcome::throttled &&
                        outcome != mail::attempt_outcome::refused_account && outcome != mail::attempt_outcome::unknown;
  if (open_until_ && answered) {
    open_until_.reset();
    repetitions_ = 0;
  }
}

void pair_health::throttled(std::optional<duration> retry_after, steady_point began, steady_point now) {
  trial_running_ = false;
  throttle_.throttled(retry_after, began, now);
}

health_state pair_health::state(steady_point now) const {
  if (!open_until_) return health_state::closed;
  return now < *open_until_ ? health_state::open : health_state::half_open;
}

bool pair_health::idle(steady_point now) const { return !open_until_ && !throttle_.blocked(now); }

void pair_health::open(steady_point now) {
  open_until_ = now + ejection_time(config_, repetitions_++, random_);
  opened_at_ = now;
}

}  // namespace stellwerk::policy
