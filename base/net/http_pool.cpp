#include "base/net/http_pool.hpp"

#include <algorithm>

namespace stellwerk::net {

http_pool::http_pool(async::executor owner, connector& network, const clock& time, const http_client_config& config)
    : owner_{owner}, network_{network}, time_{time}, config_{config} {}

async::awaitable<result<http_pool::slot>> http_pool::acquire(steady_point deadline) {
  if (in_use_ < config_.connections_max && waiters_.empty()) {
    ++in_use_;
    co_return result<slot>{slot{this}};
  }
  waiter self{owner_};
  const auto place = waiters_.insert(waiters_.end(), &self);
  const async::alarm expiry{owner_, network_.sleep_until(deadline), [&self] { self.woken.notify(); }};
  const bool woken = co_await self.woken.wait();
  if (self.granted) co_return result<slot>{slot{this}};
  waiters_.erase(place);
  co_return error{woken ? errc::timed_out : errc::cancelled, "http.wait_for_connection"};
}

// The slot of a leaving request goes straight to the first who waits.
void http_pool::release() {
  if (waiters_.empty()) {
    --in_use_;
    return;
  }
  waiter& first = *waiters_.front();
  waiters_.pop_front();
  first.granted = true;
  first.woken.notify();
}

std::unique_ptr<stream> http_pool::take_idle() {
  sweep();
  if (idle_.empty()) return nullptr;
  std::unique_ptr<stream> youngest = std::move(idle_.back().connection);
  idle_.pop_back();
  return youngest;
}

void http_pool::give_back(std::unique_ptr<stream> connection) {
  connection->expires_at(steady_point::max());
  idle_.push_back(idle_connection{std::move(connection), time_.steady()});
  if (!sweeper_) arm_sweeper();
}

// Too old, closed by the peer, or saying something nobody asked for.
void http_pool::sweep() {
  const steady_point now = time_.steady();
  std::erase_if(idle_, [&](const idle_connection& one) {
    return now - one.since >= config_.idle_reuse_max || one.connection->readable_or_closed();
  });
}

void http_pool::arm_sweeper() {
  sweeper_.emplace(owner_, network_.sleep_until(time_.steady() + config_.idle_reuse_max), [this] {
    sweep();
    sweeper_.reset();
    if (!idle_.empty()) arm_sweeper();
  });
}

async::awaitable<result<std::unique_ptr<stream>>> http_pool::connect(steady_point deadline) {
  connect_options options;
  options.allow_private_address = config_.allow_private_address;
  options.deadline = std::min(deadline, time_.steady() + config_.connect_timeout);
  std::string host = config_.host;
  result<std::unique_ptr<stream>> made = co_await network_.connect(std::move(host), config_.port, options);
  if (!made || !config_.tls) co_return std::move(made);
  (*made)->expires_at(options.deadline);
  std::string name = config_.host;
  const result<void> secured = co_await (*made)->handshake_client(*config_.tls, std::move(name));
  if (!secured) co_return secured.error();
  co_return std::move(made);
}

}  // namespace stellwerk::net
