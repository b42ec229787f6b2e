#include "base/async/event.hpp"

namespace stellwerk::async {

awaitable<bool> event::wait(steady_point deadline) {
  if (set_) {
    set_ = false;
    co_return true;
  }
  waiter self{timer{owner_}};
  const auto place = waiters_.insert(waiters_.end(), &self);
  self.expiry.expires_at(deadline);
  co_await self.expiry.async_wait(as_value);
  if (!self.passed) waiters_.erase(place);
  co_return self.passed;
}

void event::notify() {
  if (waiters_.empty()) {
    set_ = true;
    return;
  }
  waiter& first = *waiters_.front();
  waiters_.pop_front();
  first.passed = true;
  first.expiry.cancel();
}

void event::notify_all() {
  while (!waiters_.empty()) notify();
}

}  // namespace stellwerk::async
