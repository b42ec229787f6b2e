// alarm: calls back when a sleep has ended, unless it is destroyed first. For time-outs off the hot path: the sleep
// comes from whoever owns time (connector::sleep_until), so it works on virtual time as well.
//
// Thread-bound. `on_ring` is called at most once, on the executor, never from the constructor or after destruction.
#pragma once

#include <functional>
#include <memory>

#include "base/async/awaitable.hpp"

namespace stellwerk::async {

class alarm {
 public:
  alarm(executor owner, awaitable<void> sleep, std::function<void()> on_ring);
  ~alarm();
  alarm(const alarm&) = delete;
  alarm& operator=(const alarm&) = delete;

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace stellwerk::async
