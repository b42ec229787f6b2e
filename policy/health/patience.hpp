// patience: how long mail that another destination would take at once waits for the first word of this one, a greeting
// or, on a connection that lay idle, the reply to its first command.
//
// Nothing of the message has been sent by then, so it may go elsewhere and no copy can come of it. At least `least`, or
// twice the slowest first word of the last ten to twenty minutes of those in which it spoke: a peer that takes its time
// is not taken for dead a second time. Thread rule: one owner.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.hpp"

namespace stellwerk::policy {

class patience {
 public:
  static constexpr duration least{std::chrono::milliseconds{1500}};
  static constexpr duration memory{std::chrono::minutes{10}};

  void note(duration first_word, steady_point now) {
    if (now - since_ >= memory) {
      before_ = slowest_;
      slowest_ = duration{0};
      since_ = now;
    }
    slowest_ = std::max(slowest_, first_word);
  }

  // It was given up, and spoke after all: the next time it has twice as much.
  void note_too_short(duration bound, steady_point now) { note(bound, now); }

  // Of all hosts of the peer together.
  [[nodiscard]] duration in_all() const { return std::max(least, of_each()); }
  // Of each of them.
  [[nodiscard]] duration of_each() const { return 2 * std::max(slowest_, before_); }

 private:
  duration slowest_{0};  // since `since_`
  duration before_{0};   // in the ten minutes before that it spoke
  steady_point since_{};
};

}  // namespace stellwerk::policy
