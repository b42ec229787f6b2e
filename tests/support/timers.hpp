// Call-backs at points in time, for stand-ins that must not wait in real time.
//
// `manual_timers` moves only by `advance`; it runs what falls due in the order of time, moving the clock step by step,
// so that code that asks the clock sees the time of its own timer. Thread-bound.
#pragma once

#include <functional>
#include <map>
#include <utility>

#include "base/async/awaitable.hpp"
#include "base/clock.hpp"

namespace stellwerk::test {

class timers {
 public:
  using id = std::pair<steady_point, unsigned long>;
  virtual ~timers() = default;
  [[nodiscard]] virtual steady_point now() const = 0;
  [[nodiscard]] virtual id call_at(steady_point at, std::function<void()> callback) = 0;
  virtual void cancel(const id& which) = 0;

  // Ends early when the coroutine is cancelled.
  [[nodiscard]] async::awaitable<void> sleep_until(steady_point at);
};

class manual_timers final : public timers {
 public:
  explicit manual_timers(manual_clock& time) : time_{time} {}
  [[nodiscard]] steady_point now() const override { return time_.steady(); }
  [[nodiscard]] id call_at(steady_point at, std::function<void()> callback) override;
  void cancel(const id& which) override { pending_.erase(which); }

  // Drives `context` between the steps, so that what a timer wakes can set the next one.
  void advance(async::io_context& context, std::chrono::nanoseconds by);
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  // For a loop that moves the clock itself.
  [[nodiscard]] steady_point next() const {
    return pending_.empty() ? steady_point::max() : pending_.begin()->first.first;
  }
  void run_due();

 private:
  manual_clock& time_;
  std::map<id, std::function<void()>> pending_;
  unsigned long next_ = 0;
};

class real_timers final : public timers {
 public:
  explicit real_timers(async::io_context& context);
  ~real_timers() override;
  [[nodiscard]] steady_point now() const override;
  [[nodiscard]] id call_at(steady_point at, std::function<void()> callback) override;
  void cancel(const id& which) override;

 private:
  struct alarm;
  async::io_context& context_;
  std::map<id, std::shared_ptr<alarm>> pending_;
  unsigned long next_ = 0;
};

}  // namespace stellwerk::test
