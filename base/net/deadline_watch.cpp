#include "base/net/deadline_watch.hpp"

namespace stellwerk::net {

deadline_watch::deadline_watch(async::executor executor, std::function<void()> cancel)
    : timer_{executor}, cancel_{std::move(cancel)} {}

void deadline_watch::set(steady_point deadline) {
  deadline_ = deadline;
  expired_ = false;
  if (waiting_ > 0) arm();
}

void deadline_watch::begin_wait() {
  ++waiting_;
  arm();
}

void deadline_watch::arm() {
  if (armed_for_ <= deadline_) return;
  armed_for_ = deadline_;
  ++generation_;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this(), generation = generation_](boost::system::error_code failure) {
    if (!failure) self->on_timer(generation);
  });
}

void deadline_watch::on_timer(unsigned generation) {
  if (generation != generation_ || !cancel_) return;
  armed_for_ = steady_point::max();
  if (waiting_ == 0) return;
  if (std::chrono::steady_clock::now() < deadline_) {
    arm();
    return;
  }
  expired_ = true;
  cancel_();
}

void deadline_watch::detach() {
  cancel_ = nullptr;
  timer_.cancel();
}

}  // namespace stellwerk::net
