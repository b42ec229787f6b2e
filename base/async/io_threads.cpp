#include "base/async/io_threads.hpp"

#include <algorithm>

#include <pthread.h>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>

namespace stellwerk::async {
namespace {

constexpr auto beat_interval = std::chrono::milliseconds{100};

// Runs as long as its loop; ended by the loop's stop.
awaitable<void> beat(executor owner, std::size_t index, const io_threads::lag_hook& on_lag,
                     std::atomic<steady_point::rep>& last_turn) {
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    executor>
      timer{owner};
  for (;;) {
    timer.expires_after(beat_interval);
    const auto [failure] = co_await timer.async_wait(as_value);
    if (failure) co_return;
    const steady_point now = std::chrono::steady_clock::now();
    last_turn.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    if (on_lag) on_lag(index, now - timer.expiry());
  }
}

}  // namespace

io_threads::io_threads(std::size_t count, std::string name, lag_hook on_lag)
    : name_{std::move(name)}, on_lag_{std::move(on_lag)} {
  for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<loop>());
}

io_threads::~io_threads() {
  stop();
  join();
}

void io_threads::start() {
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->last_turn = std::chrono::steady_clock::now().time_since_epoch().count();
    loops_[i]->thread = std::thread{[this, i] { run(i); }};
    const std::string label = name_.substr(0, 12) + std::to_string(i);  // the kernel keeps 15 octets
    pthread_setname_np(loops_[i]->thread.native_handle(), label.c_str());
  }
}

void io_threads::run(std::size_t index) {
  loop& own = *loops_[index];
  const auto work = boost::asio::make_work_guard(own.context);
  boost::asio::co_spawn(own.context, beat(own.context.get_executor(), index, on_lag_, own.last_turn),
                        [](const std::exception_ptr&) {});
  own.context.run();
}

void io_threads::stop() {
  for (const auto& one : loops_) one->context.stop();
}

void io_threads::join() {
  for (const auto& one : loops_) {
    if (one->thread.joinable()) one->thread.join();
  }
}

std::chrono::nanoseconds io_threads::longest_silence() const {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  std::chrono::nanoseconds longest{0};
  for (const auto& one : loops_) {
    const auto last = one->last_turn.load(std::memory_order_relaxed);
    if (last != 0) longest = std::max(longest, std::chrono::nanoseconds{now - last});
  }
  return longest;
}

}  // namespace stellwerk::async
