// throttle: the single gate of a destination (or pair) that said "too fast". All its mail waits behind it.
//
// Retry-After if the peer names one, else 1 s doubling to 5 m. Answers to attempts that began before the present pause
// belong to the same burst and do not double it again. An accepted attempt resets the doubling. One owner.
#pragma once

#include <optional>

#include "base/clock.hpp"

namespace stellwerk::policy {

class throttle {
 public:
  static constexpr duration first_pause{std::chrono::seconds{1}};
  static constexpr duration pause_max{std::chrono::minutes{5}};
  // A peer that asks for more is believed, up to here.
  static constexpr duration retry_after_max{std::chrono::hours{24}};

  // `began`: when the throttled attempt started.
  void throttled(std::optional<duration> retry_after, steady_point began, steady_point now);
  void accepted(steady_point began);
  void clear();

  [[nodiscard]] bool blocked(steady_point now) const { return until_ && now < *until_; }
  [[nodiscard]] std::optional<steady_point> until() const { return until_; }

 private:
  std::optional<steady_point> until_;
  std::optional<steady_point> paused_at_;
  duration next_pause_ = first_pause;
};

}  // namespace stellwerk::policy
