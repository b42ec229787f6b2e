#include "adapters/smtp/smtp_pool.hpp"

#include <algorithm>
#include <utility>

#include "adapters/smtp/classify.hpp"

namespace stellwerk::adapters::smtp {
namespace {

using mail::attempt_outcome;
using mail::attempt_stage;

pool_lease failed_lease(mail::recipient_outcome why) {
  pool_lease lease;
  lease.failure = std::move(why);
  return lease;
}

// Another host of the same destination would answer the same.
bool concerns_every_host(attempt_outcome outcome) {
  return outcome != attempt_outcome::deferred_destination && outcome != attempt_outcome::throttled;
}

// What the destination as a whole says when each of its hosts failed: one that only wants less mail is alive, and one
// that answered at all was reached.
void merge(mail::recipient_outcome& into, mail::recipient_outcome next) {
  const bool reached = !into.connect_class || !next.connect_class;
  if (into.outcome != attempt_outcome::throttled) into = std::move(next);
  if (reached) into.connect_class = false;
}

}  // namespace

smtp_pool::smtp_pool(const std::string& destination, const smtp_settings& settings, net::connector& connector,
                     std::shared_ptr<const net::tls_context> tls, const clock& time, logger& log)
    : destination_{destination},
      settings_{settings},
      connector_{connector},
      tls_{std::move(tls)},
      clock_{time},
      log_{log},
      marked_until_(settings.hosts.size()) {}

async::awaitable<pool_lease> smtp_pool::acquire(freshness wanted, opening_bounds bounds) {
  pool_lease lease;
  co_await quit_expired();
  if (wanted == freshness::any) lease.connection = take_idle();
  if (lease.connection) {
    lease.reused = true;
    lease.connection->await_first_reply();
    co_return lease;
  }
  std::optional<mail::recipient_outcome> failure;
  std::size_t left = settings_.hosts.size();
  for (const std::size_t host : hosts_in_order()) {
    opening_bounds share = bounds;
    share.first_word = share_of_first_word(bounds, clock_.steady(), left--);
    lease = co_await open_host(host, share);
    if (lease.connection) {
      marked_until_[host] = {};
      co_return lease;
    }
    if (concerns_every_host(lease.failure.outcome)) co_return lease;
    mark(host, lease.failure);
    if (failure) {
      merge(*failure, std::move(lease.failure));
    } else {
      failure = std::move(lease.failure);
    }
    if (bounds.deadline != steady_point{} && clock_.steady() >= bounds.deadline) break;
  }
  co_return failed_lease(failure ? std::move(*failure) : unreachable(attempt_stage::connect, "no host is configured"));
}

std::unique_ptr<smtp_connection> smtp_pool::take_idle() {
  while (!idle_.empty()) {
    std::unique_ptr<smtp_connection> candidate = std::move(idle_.back().connection);
    idle_.pop_back();
    if (!candidate->stale()) return candidate;
  }
  return nullptr;
}

// Taken out before the first QUIT is written: another attempt may ask for a connection meanwhile.
async::awaitable<void> smtp_pool::quit_expired() {
  const steady_point now = clock_.steady();
  const auto expired = [&](const idle_connection& one) { return now - one.since >= settings_.timeouts.idle; };
  std::vector<std::unique_ptr<smtp_connection>> leaving;
  for (idle_connection& one : idle_) {
    if (expired(one)) leaving.push_back(std::move(one.connection));
  }
  std::erase_if(idle_, [](const idle_connection& one) { return !one.connection; });
  for (const auto& one : leaving) {
    if (!one->stale()) co_await one->quit();
  }
}

async::awaitable<void> smtp_pool::give_back(std::unique_ptr<smtp_connection> connection) {
  if (connection->transactions() >= settings_.messages_per_connection) {
    co_await connection->quit();
    co_return;
  }
  idle_.push_back(idle_connection{std::move(connection), clock_.steady()});
}

std::vector<std::size_t> smtp_pool::hosts_in_order() const {
  std::vector<std::size_t> order(settings_.hosts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::ranges::stable_partition(order, [this](std::size_t host) { return !is_marked(host); });
  return order;
}

bool smtp_pool::is_marked(std::size_t host) const { return clock_.steady() < marked_until_[host]; }

void smtp_pool::mark(std::size_t host, const mail::recipient_outcome& why) {
  const host_port& which = settings_.hosts[host];
  if (!is_marked(host)) {
    log_.warning("smtp_host_failed", {{"destination", destination_},
                                      {"host", which.host},
                                      {"port", which.port},
                                      {"stage", mail::to_string(why.stage)},
                                      {"reply", why.reply}});
  }
  marked_until_[host] = clock_.steady() + host_mark_duration;
}

async::awaitable<pool_lease> smtp_pool::open_host(std::size_t host, opening_bounds bounds) {
  bool tls_failed = false;
  const bool implicit = settings_.hosts[host].port == implicit_tls_port && settings_.tls != tls_mode::off;
  pool_lease lease = co_await open_channel(host, implicit ? channel::encrypted : channel::clear, bounds, tls_failed);
  if (lease.connection || !tls_failed || settings_.tls != tls_mode::opportunistic) co_return lease;
  tls_failed = false;
  bounds.first_word = {};  // it has spoken
  lease = co_await open_channel(host, channel::clear_for_good, bounds, tls_failed);
  co_return lease;
}

async::awaitable<pool_lease> smtp_pool::open_channel(std::size_t host, channel state, opening_bounds bounds,
                                                     bool& tls_failed) {
  const host_port& where = settings_.hosts[host];
  net::connect_options options;
  options.allow_private_address = settings_.allow_private_address;
  const steady_point began = clock_.steady();
  options.deadline = began + settings_.timeouts.connect;
  for (const steady_point bound : {bounds.deadline, bounds.first_word}) {
    if (bound != steady_point{}) options.deadline = std::min(options.deadline, bound);
  }
  auto stream = co_await connector_.connect(where.host, where.port, options);
  if (!stream) co_return failed_lease(unreachable(attempt_stage::connect, stream.error().message()));

  auto connection = std::make_unique<smtp_connection>(std::move(*stream), host, settings_, clock_, began);
  if (state == channel::encrypted) {
    steady_point until = bounds.first_word;
    if (until == steady_point{} || (bounds.deadline != steady_point{} && bounds.deadline < until)) {
      until = bounds.deadline;
    }
    const std::string trouble = co_await connection->secure(tls_.get(), until);
    if (!trouble.empty()) co_return failed_lease(unreachable(attempt_stage::starttls, trouble));
  }
  opening_dialog dialog{settings_, state};
  co_await connection->open(dialog, tls_.get(), bounds);
  tls_failed = dialog.tls_failed();
  if (!dialog.ready()) {
    mail::recipient_outcome why = dialog.failure();
    why.remote_host = where.host;
    co_return failed_lease(std::move(why));
  }
  pool_lease lease;
  lease.connection = std::move(connection);
  co_return lease;
}

}  // namespace stellwerk::adapters::smtp
