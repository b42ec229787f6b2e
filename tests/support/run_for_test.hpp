// Runs one coroutine to its end on an io_context, with a limit in real time, so that a hang is a failure with a name.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>

#include "base/async/awaitable.hpp"

namespace stellwerk::test {

inline constexpr std::chrono::seconds default_run_limit{20};

// Runs handlers until `done` holds; false when the limit passed first.
template <class Condition>
[[nodiscard]] bool run_until(async::io_context& context, Condition done,
                             std::chrono::milliseconds limit = default_run_limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (context.stopped()) context.restart();
    context.run_one_for(std::chrono::milliseconds{20});
    if (std::chrono::steady_clock::now() > end) return done();
  }
  return true;
}

namespace detail {

template <class T>
async::awaitable<void> keep_value(async::awaitable<T> task, std::optional<T>& into) {
  into.emplace(co_await std::move(task));
}

inline void run_void(async::io_context& context, async::awaitable<void> task, std::chrono::milliseconds limit) {
  bool ended = false;
  std::exception_ptr failure;
  boost::asio::co_spawn(context, std::move(task), [&ended, &failure](std::exception_ptr thrown) {
    ended = true;
    failure = thrown;
  });
  if (!run_until(
          context, [&ended] { return ended; }, limit)) {
    context.stop();
    throw std::runtime_error{"the coroutine did not end within its time limit"};
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace detail

// Throws what the coroutine threw.
template <class T>
T run_for_test(async::io_context& context, async::awaitable<T> task,
               std::chrono::milliseconds limit = default_run_limit) {
  if constexpr (std::is_void_v<T>) {
    detail::run_void(context, std::move(task), limit);
  } else {
    std::optional<T> value;
    detail::run_void(context, detail::keep_value(std::move(task), value), limit);
    return std::move(*value);
  }
}

}  // namespace stellwerk::test
