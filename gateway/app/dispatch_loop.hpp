// dispatch_loop: drives the dispatcher on one io_context: a turn when something is in its mailbox or a time has come.
//
// Whose thread that is, the gateway decides: its own where there are cores for it, the first io thread on small machines,
// where one thread less to wake for every message is worth more than one more to decide on (docs/performance.md).
// Thread rule: wake() from any thread; start() and stop() from the owner, never from the loop itself.
#pragma once

#include <atomic>

#include <boost/asio/basic_waitable_timer.hpp>

#include "base/async/awaitable.hpp"
#include "base/clock.hpp"

namespace stellwerk::delivery {
class dispatcher;
}

namespace stellwerk::app {

class dispatch_loop {
 public:
  dispatch_loop(async::io_context& place, const clock& time) : place_{place}, time_{time}, timer_{place} {}

  void wake();
  void start(delivery::dispatcher& what);
  void stop();  // after the turn under way; the context must still be running

 private:
  using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                                  async::executor>;
  void turn();
  void arm(steady_point at);

  async::io_context& place_;
  const clock& time_;
  timer timer_;  // with armed_ and what_, touched on the loop only
  steady_point armed_ = steady_point::max();
  delivery::dispatcher* what_ = nullptr;
  std::atomic<bool> woken_{true};  // nothing is posted before the start
  bool started_ = false;
};

}  // namespace stellwerk::app
