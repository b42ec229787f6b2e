// event: a thread-bound wake-up that coroutines wait for. Auto-reset: one `notify` lets one waiter pass, or the next
// one to come; `notify_all` lets everybody pass who waits now.
//
// Several may wait; they pass in the order they came. Waiting ends early, with false, at the deadline or when the
// coroutine is cancelled.
#pragma once

#include <list>

#include <boost/asio/basic_waitable_timer.hpp>

#include "base/async/awaitable.hpp"
#include "base/clock.hpp"

namespace stellwerk::async {

class event {
 public:
  explicit event(executor owner) : owner_{owner} {}
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  [[nodiscard]] awaitable<bool> wait(steady_point deadline = steady_point::max());
  void notify();
  void notify_all();
  [[nodiscard]] std::size_t waiting() const { return waiters_.size(); }

 private:
  using timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                  boost::asio::wait_traits<std::chrono::steady_clock>, executor>;
  struct waiter {
    timer expiry;
    bool passed = false;
  };

  executor owner_;
  std::list<waiter*> waiters_;
  bool set_ = false;
};

}  // namespace stellwerk::async
