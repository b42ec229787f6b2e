// dispatch_thread: drives the dispatcher: sleeps until something is in its mailbox or a time has come.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.hpp"

namespace stellwerk::delivery {
class dispatcher;
}

namespace stellwerk::app {

class dispatch_thread {
 public:
  explicit dispatch_thread(const clock& time) : time_{time} {}
  ~dispatch_thread() { stop(); }

  void wake();  // any thread
  // `on_turn` is called after each turn, on this thread: for the watchdog.
  void start(delivery::dispatcher& what, std::function<void()> on_turn);
  void stop();  // after the turn under way

 private:
  void run(delivery::dispatcher& what, const std::function<void()>& on_turn);

  const clock& time_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace stellwerk::app
