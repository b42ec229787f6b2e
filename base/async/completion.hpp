// completion<T>: one value that another thread delivers to one waiting coroutine, exactly once.
//
// The waiter's thread makes it, hands a copy to whoever will call `set`, and awaits `wait`. `set` may come first, from
// any thread; the waiter resumes on its own io_context. Waiting cannot be cancelled: it stands for work that goes on
// regardless (a spool commit), whose outcome must be known.
//
// REQUIRES that the io_context outlives every holder; that `set` and `wait` are called once each.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "base/async/awaitable.hpp"

namespace stellwerk::async {

template <class T>
class completion {
 public:
  explicit completion(executor owner) : state_{std::make_shared<state>(owner)} {}

  // From any thread.
  void set(T value) const {
    {
      const std::lock_guard lock{state_->mutex};
      state_->value.emplace(std::move(value));
      if (!state_->waiter) return;
    }
    boost::asio::post(state_->owner, [state = state_] { state->resume(); });
  }

  // On the waiter's thread: the waiter runs up to its next suspension before this returns.
  void set_here(T value) const {
    bool waiting = false;
    {
      const std::lock_guard lock{state_->mutex};
      state_->value.emplace(std::move(value));
      waiting = state_->waiter.has_value();
    }
    if (waiting) state_->resume();
  }

  // On the waiter's thread.
  [[nodiscard]] awaitable<T> wait() const { return wait_for(state_); }

 private:
  using token = boost::asio::use_awaitable_t<executor>;
  using handler = typename boost::asio::async_result<token, void(T)>::handler_type;

  struct state {
    explicit state(executor owner_in) : owner{std::move(owner_in)} {}

    void resume() {
      handler continuation = std::move(*waiter);
      waiter.reset();
      T taken = std::move(*value);
      value.reset();
      std::move(continuation)(std::move(taken));
    }

    const executor owner;
    std::mutex mutex;
    std::optional<T> value;
    std::optional<handler> waiter;
  };

  // False: the value is already there and nothing will resume `continuation`.
  struct initiation {
    std::shared_ptr<state> shared;
    void operator()(handler&& continuation) const {
      bool ready = false;
      {
        const std::lock_guard lock{shared->mutex};
        shared->waiter.emplace(std::move(continuation));
        ready = shared->value.has_value();
      }
      // Resuming inside an initiation is not allowed: the frame is not suspended yet.
      if (ready) boost::asio::post(shared->owner, [state = shared] { state->resume(); });
    }
  };

  [[nodiscard]] static awaitable<T> wait_for(std::shared_ptr<state> shared) {
    const auto work = boost::asio::make_work_guard(shared->owner);
    initiation start{shared};
    token on_resume;
    co_return co_await boost::asio::async_initiate<token, void(T)>(start, on_resume);
  }

  std::shared_ptr<state> state_;
};

}  // namespace stellwerk::async
