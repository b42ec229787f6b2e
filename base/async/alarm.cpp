#include "base/async/alarm.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

namespace stellwerk::async {

struct alarm::state {
  boost::asio::cancellation_signal cancel;
  std::function<void()> on_ring;  // empty: dismissed or done
};

namespace {

// Frees what the call-back holds before it is called, so that it may destroy the alarm.
template <class State>
awaitable<void> ring_after(awaitable<void> sleep, std::shared_ptr<State> shared) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  co_await std::move(sleep);
  const std::function<void()> ring = std::exchange(shared->on_ring, nullptr);
  if (ring) ring();
}

}  // namespace

alarm::alarm(executor owner, awaitable<void> sleep, std::function<void()> on_ring) : state_{std::make_shared<state>()} {
  state_->on_ring = std::move(on_ring);
  // The completion handler keeps the state, and with it the slot, as long as the coroutine.
  auto on_end = [shared = state_](const std::exception_ptr&) {};
  auto start = [owner, shared = state_, task = ring_after(std::move(sleep), state_),
                end = std::move(on_end)]() mutable {
    boost::asio::co_spawn(owner, std::move(task),
                          boost::asio::bind_cancellation_slot(shared->cancel.slot(), std::move(end)));
  };
  boost::asio::post(owner, std::move(start));
}

alarm::~alarm() {
  state_->on_ring = nullptr;
  state_->cancel.emit(boost::asio::cancellation_type::terminal);
}

}  // namespace stellwerk::async
