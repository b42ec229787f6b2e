// The one timer of a socket stream.
//
// Setting a deadline only stores it; the timer is armed when an operation is about to suspend and no earlier arming
// covers it. A timer that fires early (the deadline has moved on) arms itself again, so a busy connection touches the
// timer queue once per time-out, not once per command. Thread-bound.
#pragma once

#include <functional>
#include <memory>

#include <boost/asio/basic_waitable_timer.hpp>

#include "base/async/awaitable.hpp"
#include "base/clock.hpp"

namespace stellwerk::net {

// Shared with its timer's handler, which may be queued when the stream goes.
class deadline_watch : public std::enable_shared_from_this<deadline_watch> {
 public:
  // `cancel` ends the pending operations; it is called once per expiry and never after `detach`.
  deadline_watch(async::executor executor, std::function<void()> cancel);

  void set(steady_point deadline);
  void begin_wait();  // an operation is about to suspend
  void end_wait() { --waiting_; }
  [[nodiscard]] bool expired() const { return expired_; }
  void detach();

 private:
  void arm();
  void on_timer(unsigned generation);

  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    async::executor>
      timer_;
  std::function<void()> cancel_;
  steady_point deadline_ = steady_point::max();
  steady_point armed_for_ = steady_point::max();  // max: not armed
  unsigned generation_ = 0;                       // tells the handler of this arming from older ones
  int waiting_ = 0;
  bool expired_ = false;
};

}  // namespace stellwerk::net
