// patience: how long mail that another destination would take at once waits for the first word of this one, a greeting
// or, on a connection that lay idle, the reply to its first command.
//
// Nothing of the message has been sent by then, so it may go elsewhere and no copy can come of it. At least `least`, or
// twice the slowest first word of the last ten to twenty minutes: a peer that takes its time is not taken for dead a
// second time. Thread rule: one owner.
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
      before_ = now - since_ < 2 * memory ? slowest_ : duration{0};
      slowest_ = duration{0};
      since_ = now;
    }
    slowest_ = std::max(slowest_, first_word);
  }

  [[nodiscard]] duration at(steady_point now) const {
    const duration recent = now - since_ < 2 * memory ? slowest_ : duration{0};
    const duration earlier = now - since_ < memory ? before_ : duration{0};
    return std::max(least, 2 * std::max(recent, earlier));
  }

 private:
  duration slowest_{0};  // since `since_`
  duration before_{0};   // in the ten minutes before
  steady_point since_{};
};

}  // namespace stellwerk::policy
