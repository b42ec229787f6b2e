#include "base/async/turn_loop.hpp"

#include <algorithm>
#include <latch>
#include <utility>

#include <boost/asio/post.hpp>

namespace stellwerk::async {
namespace {

constexpr auto sleep_max = std::chrono::seconds{1};

}  // namespace

void turn_loop::wake() {
  if (woken_.exchange(true, std::memory_order_acq_rel)) return;
  boost::asio::post(place_, [this] { take_turn(); });
}

void turn_loop::start(std::function<steady_point()> turn) {
  started_ = true;
  boost::asio::post(place_, [this, turn = std::move(turn)]() mutable {
    turn_ = std::move(turn);
    take_turn();
  });
}

void turn_loop::stop() {
  if (!std::exchange(started_, false)) return;
  std::latch stopped{1};
  boost::asio::post(place_, [this, &stopped] {
    turn_ = nullptr;
    timer_.cancel();
    stopped.count_down();
  });
  stopped.wait();
}

void turn_loop::take_turn() {
  if (!turn_) return;
  // Before the mailbox is looked at: what comes in from now on asks for another turn.
  woken_.store(false, std::memory_order_release);
  const steady_point wanted = turn_();
  const steady_point now = time_.steady();
  const steady_point next = std::min(wanted, now + sleep_max);
  if (next <= now) {
    wake();
  } else if (next < armed_) {
    arm(next);
  }
}

void turn_loop::arm(steady_point at) {
  armed_ = at;
  timer_.expires_at(at);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;  // armed again for an earlier time, or stopped
    armed_ = steady_point::max();
    take_turn();
  });
}

}  // namespace stellwerk::async
