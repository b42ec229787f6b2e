// turnstile: coroutines wait here until everything that is ready on the loop has run, and then pass one at a time. On a
// loop that has more to do than it can, what does not pass goes before what does.
//
// An io_context runs what is ready in the order it became ready, so whoever has more waiting has more of its time. One
// pass costs one look at the sockets; waiting ends by itself within one round of the loop for each who waits in front,
// and cannot be cancelled. Who still waits when it ends is freed, not resumed. One per io_context, for coroutines on
// it. Thread rule: bound to its thread. REQUIRES that the io_context outlives it.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/async/awaitable.hpp"

namespace stellwerk::async {

class turnstile {
  using token = boost::asio::use_awaitable_t<executor>;
  using handler = typename boost::asio::async_result<token, void()>::handler_type;
  using line = std::deque<handler>;

 public:
  turnstile() : waiters_{std::make_shared<line>()} {}
  turnstile(const turnstile&) = delete;
  turnstile& operator=(const turnstile&) = delete;

  [[nodiscard]] awaitable<void> pass() {
    const executor owner = co_await boost::asio::this_coro::executor;
    initiation start{*this, owner};
    token on_resume;
    co_await boost::asio::async_initiate<token, void()>(start, on_resume);
  }

  [[nodiscard]] std::size_t waiting() const { return waiters_->size(); }

 private:
  // A reference: it stands in the frame of who waits, which must not keep the line that keeps it.
  struct initiation {
    turnstile& self;
    executor owner;
    void operator()(handler&& continuation) const {
      self.waiters_->push_back(std::move(continuation));
      if (self.waiting() == 1) turn_later(self.waiters_, owner);
    }
  };

  // Behind what is ready now. The one who passes stays in line until it has, so that no second turn is asked for.
  static void turn_later(const std::weak_ptr<line>& waiters, const executor& owner) {
    boost::asio::post(owner, [waiters, owner] {
      const std::shared_ptr<line> here = waiters.lock();
      if (!here) return;
      handler next = std::move(here->front());
      std::move(next)();
      here->pop_front();
      if (!here->empty()) turn_later(here, owner);
    });
  }

  std::shared_ptr<line> waiters_;
};

}  // namespace stellwerk::async
