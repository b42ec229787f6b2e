#include "tests/support/timers.hpp"

#include <algorithm>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/async/event.hpp"

namespace stellwerk::test {

async::awaitable<void> timers::sleep_until(steady_point at) {
  if (now() >= at) co_return;
  async::event woken{co_await boost::asio::this_coro::executor};
  const id alarm = call_at(at, [&woken] { woken.notify(); });
  co_await woken.wait();
  cancel(alarm);
}

timers::id manual_timers::call_at(steady_point at, std::function<void()> callback) {
  const id key{at, next_++};
  pending_.emplace(key, std::move(callback));
  return key;
}

void manual_timers::run_due() {
  while (!pending_.empty() && pending_.begin()->first.first <= time_.steady()) {
    const std::function<void()> callback = std::move(pending_.begin()->second);
    pending_.erase(pending_.begin());
    callback();
  }
}

void manual_timers::advance(async::io_context& context, std::chrono::nanoseconds by) {
  const steady_point end = time_.steady() + by;
  for (;;) {
    context.restart();
    context.poll();
    run_due();
    context.restart();
    context.poll();
    if (time_.steady() >= end) return;
    steady_point next = end;
    if (!pending_.empty()) next = std::min(end, std::max(pending_.begin()->first.first, time_.steady()));
    time_.advance(next - time_.steady());
  }
}

struct real_timers::alarm {
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    async::executor>
      timer;
  std::function<void()> callback;
};

real_timers::real_timers(async::io_context& context) : context_{context} {}

real_timers::~real_timers() {
  for (const auto& [key, alarm] : pending_) alarm->callback = nullptr;
}

steady_point real_timers::now() const { return std::chrono::steady_clock::now(); }

timers::id real_timers::call_at(steady_point at, std::function<void()> callback) {
  const id key{at, next_++};
  auto added = std::make_shared<alarm>(alarm{decltype(alarm::timer){context_.get_executor(), at}, std::move(callback)});
  pending_.emplace(key, added);
  added->timer.async_wait([this, added, key](boost::system::error_code failure) {
    if (failure || !added->callback) return;
    pending_.erase(key);
    added->callback();
  });
  return key;
}

void real_timers::cancel(const id& which) {
  const auto found = pending_.find(which);
  if (found == pending_.end()) return;
  found->second->callback = nullptr;
  found->second->timer.cancel();
  pending_.erase(found);
}

}  // namespace stellwerk::test
