#include "gateway/app/dispatch_thread.hpp"

#include <algorithm>

#include "gateway/delivery/dispatcher.hpp"

namespace stellwerk::app {
namespace {

constexpr auto sleep_max = std::chrono::seconds{1};

}  // namespace

void dispatch_thread::wake() {
  {
    const std::lock_guard lock{mutex_};
    if (woken_) return;
    woken_ = true;
  }
  wake_.notify_one();
}

void dispatch_thread::start(delivery::dispatcher& what, std::function<void()> on_turn) {
  thread_ = std::thread{[this, &what, on_turn = std::move(on_turn)] { run(what, on_turn); }};
}

void dispatch_thread::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void dispatch_thread::run(delivery::dispatcher& what, const std::function<void()>& on_turn) {
  for (;;) {
    what.run();
    on_turn();
    const auto until_next = std::min<std::chrono::nanoseconds>(what.next_wakeup() - time_.steady(), sleep_max);
    std::unique_lock lock{mutex_};
    if (!woken_ && !stopping_ && until_next.count() > 0) {
      wake_.wait_for(lock, until_next, [this] { return woken_ || stopping_; });
    }
    if (stopping_) return;
    woken_ = false;
  }
}

}  // namespace stellwerk::app
