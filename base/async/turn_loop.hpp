// turn_loop: calls one function on an io_context when somebody wakes it or a time has come; for a passive owner of
// state that is fed by a mailbox. The function answers when it wants its next turn at the latest.
//
// Wakes are joined: any number before a turn make one turn. Thread rule: wake() from any thread; start() and stop()
// from the owner, never from the loop itself, and while the context runs.
#pragma once

#include <atomic>
#include <functional>

#include <boost/asio/basic_waitable_timer.hpp>

#include "base/async/awaitable.hpp"
#include "base/clock.hpp"

namespace stellwerk::async {

class turn_loop {
 public:
  turn_loop(io_context& place, const clock& time) : place_{place}, time_{time}, timer_{place} {}

  void wake();
  void start(std::function<steady_point()> turn);
  void stop();  // after the turn under way; none comes later

 private:
  using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>, executor>;
  void take_turn();
  void arm(steady_point at);

  io_context& place_;
  const clock& time_;
  std::atomic<bool> woken_{true};  // nothing is posted before the start
  bool started_ = false;
  // On the loop only:
  timer timer_;
  steady_point armed_ = steady_point::max();
  std::function<steady_point()> turn_;
};

}  // namespace stellwerk::async
