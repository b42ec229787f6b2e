#include "policy/health/bounce_brake.hpp"

#include <utility>

namespace stellwerk::policy {
namespace {

std::int64_t number_of(steady_point now, duration slot_length) { return now.time_since_epoch() / slot_length; }

constexpr duration minute{std::chrono::minutes{1}};

}  // namespace

bounce_brake::bounce_brake(const bounce_brake_config& config) : config_{config} {
  config_.window = std::max(config_.window, duration{static_cast<long>(window_slots)});
}

void bounce_brake::add(bool permanent_refusal, steady_point now) {
  const auto count_in = [&](slot& one, std::int64_t number) {
    if (one.number != number) one = {number, {}};
    ++one.seen.all;
    if (permanent_refusal) ++one.seen.refusals;
  };
  const std::int64_t fine = number_of(now, config_.window / static_cast<long>(window_slots));
  count_in(recent_[static_cast<std::size_t>(fine) % recent_.size()], fine);
  const std::int64_t coarse = number_of(now, minute);
  count_in(minutes_[static_cast<std::size_t>(coarse) % minutes_.size()], coarse);
}

bounce_brake::counts bounce_brake::recent(steady_point now) const {
  const std::int64_t last = number_of(now, config_.window / static_cast<long>(window_slots));
  counts sum;
  for (const slot& one : recent_) {
    if (one.number <= last - static_cast<std::int64_t>(window_slots) || one.number > last) continue;
    sum.refusals += one.seen.refusals;
    sum.all += one.seen.all;
  }
  return sum;
}

bounce_brake::counts bounce_brake::hour_before(steady_point now) const {
  // Whole minutes that ended before the window began: the trouble itself must not count as usual.
  const std::int64_t last = number_of(now - config_.window, minute) - 1;
  counts sum;
  for (const slot& one : minutes_) {
    if (one.number <= last - static_cast<std::int64_t>(hour_slots) || one.number > last || one.number < 0) continue;
    sum.refusals += one.seen.refusals;
    sum.all += one.seen.all;
  }
  return sum;
}

bounce_brake::verdict bounce_brake::record(bool permanent_refusal, steady_point now) {
  add(permanent_refusal, now);
  if (!braked_) {
    const counts window = recent(now);
    const bool released_lately = released_at_ && now - *released_at_ < std::chrono::hours{1};
    if (!released_lately && window.all >= config_.minimum &&
        static_cast<double>(window.refusals) > config_.ratio * static_cast<double>(window.all)) {
      const counts before = hour_before(now);
      if (static_cast<double>(before.refusals) <= config_.ratio / 10 * static_cast<double>(before.all)) {
        braked_ = true;
        alert_due_ = true;
      }
    }
  }
  return braked_ && permanent_refusal ? verdict::hold : verdict::pass;
}

bool bounce_brake::take_alert() { return std::exchange(alert_due_, false); }

void bounce_brake::release(steady_point now) {
  braked_ = false;
  alert_due_ = false;
  // The operator has looked: the same wave does not close the brake again.
  released_at_ = now;
}

}  // namespace stellwerk::policy
