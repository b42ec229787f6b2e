#include "policy/health/throttle.hpp"

#include <algorithm>

namespace stellwerk::policy {

void throttle::throttled(std::optional<duration> retry_after, steady_point began, steady_point now) {
  const bool same_burst = paused_at_ && began <= *paused_at_;
  if (retry_after) {
    const steady_point asked = now + std::clamp(*retry_after, duration{0}, retry_after_max);
    until_ = until_ ? std::max(*until_, asked) : asked;
    if (!same_burst) paused_at_ = now;
    return;
  }
  if (same_burst) return;
  until_ = until_ ? std::max(*until_, now + next_pause_) : now + next_pause_;
  paused_at_ = now;
  next_pause_ = std::min(next_pause_ * 2, pause_max);
}

void throttle::accepted(steady_point began) {
  // A success that was under way before the pause says nothing about the time after it.
  if (paused_at_ && began <= *paused_at_) return;
  clear();
}

void throttle::clear() {
  until_.reset();
  paused_at_.reset();
  next_pause_ = first_pause;
}

}  // namespace stellwerk::policy
