#include "gateway/app/dispatch_loop.hpp"

#include <algorithm>
#include <latch>

#include <boost/asio/post.hpp>

#include "gateway/delivery/dispatcher.hpp"

namespace stellwerk::app {
namespace {

constexpr auto sleep_max = std::chrono::seconds{1};

}  // namespace

void dispatch_loop::wake() {
  if (woken_.exchange(true, std::memory_order_acq_rel)) return;
  boost::asio::post(place_, [this] { turn(); });
}

void dispatch_loop::start(delivery::dispatcher& what) {
  started_ = true;
  boost::asio::post(place_, [this, &what] {
    what_ = &what;
    turn();
  });
}

void dispatch_loop::stop() {
  if (!std::exchange(started_, false)) return;
  std::latch stopped{1};
  boost::asio::post(place_, [this, &stopped] {
    what_ = nullptr;
    timer_.cancel();
    stopped.count_down();
  });
  stopped.wait();
}

void dispatch_loop::turn() {
  if (what_ == nullptr) return;
  // Before the mailbox is looked at: what comes in from now on asks for another turn.
  woken_.store(false, std::memory_order_release);
  what_->run();
  const steady_point now = time_.steady();
  const steady_point next = std::min(what_->next_wakeup(), now + sleep_max);
  if (next <= now) {
    wake();
  } else if (next < armed_) {
    arm(next);
  }
}

void dispatch_loop::arm(steady_point at) {
  armed_ = at;
  timer_.expires_at(at);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;  // armed again for an earlier time, or stopped
    armed_ = steady_point::max();
    turn();
  });
}

}  // namespace stellwerk::app
