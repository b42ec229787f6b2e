// bounce_brake: stops a destination that suddenly refuses everything from bouncing a whole mailing.
//
// When permanent refusals exceed `ratio` of at least `minimum` outcomes in `window`, and were under a tenth of that in
// the hour before, further ones are held until an operator releases. It changes no destination's state. One owner.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

class bounce_brake {
 public:
  enum class verdict : std::uint8_t { pass, hold };

  explicit bounce_brake(const bounce_brake_config& config);

  // Every settled outcome of the destination. `hold`: this refusal is held, not bounced.
  verdict record(bool permanent_refusal, steady_point now);

  [[nodiscard]] bool braked() const { return braked_; }
  // True once after the brake closed: the alert is due.
  [[nodiscard]] bool take_alert();
  void release(steady_point now);

 private:
  struct counts {
    std::uint64_t refusals = 0;
    std::uint64_t all = 0;
  };
  struct slot {
    std::int64_t number = -1;
    counts seen;
  };
  // Slots of a sixth of the window: the window itself and the hour before it.
  static constexpr std::size_t window_slots = 6;
  static constexpr std::size_t hour_slots = 60;

  void add(bool permanent_refusal, steady_point now);
  [[nodiscard]] counts recent(steady_point now) const;
  [[nodiscard]] counts hour_before(steady_point now) const;

  bounce_brake_config config_;
  std::array<slot, window_slots + 1> recent_{};
  std::array<slot, hour_slots + 2> minutes_{};
  std::optional<steady_point> released_at_;
  bool braked_ = false;
  bool alert_due_ = false;
};

}  // namespace stellwerk::policy
