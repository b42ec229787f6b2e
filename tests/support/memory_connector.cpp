#include "tests/support/memory_connector.hpp"

#include <boost/system/errc.hpp>

namespace stellwerk::test {
namespace {

std::string key_of(const std::string& host, std::uint16_t port) { return host + ':' + std::to_string(port); }

}  // namespace

void memory_connector::listen(const std::string& host, std::uint16_t port, acceptor on_connection) {
  target added;
  added.on_connection = std::move(on_connection);
  targets_[key_of(host, port)] = std::move(added);
}

void memory_connector::fail(const std::string& host, std::uint16_t port, error failure) {
  target added;
  added.failure = failure;
  targets_[key_of(host, port)] = std::move(added);
}

void memory_connector::stall(const std::string& host, std::uint16_t port) {
  target added;
  added.stalls = true;
  targets_[key_of(host, port)] = std::move(added);
}

async::awaitable<result<std::unique_ptr<net::stream>>> memory_connector::connect(std::string host, std::uint16_t port,
                                                                                 net::connect_options options) {
  ++connects_;
  const auto found = targets_.find(key_of(host, port));
  if (found == targets_.end()) {
    co_return error{boost::system::errc::make_error_code(boost::system::errc::connection_refused), "net.connect"};
  }
  if (found->second.failure) co_return *found->second.failure;
  if (found->second.stalls) {
    co_await time_.sleep_until(options.deadline);
    co_return error{errc::timed_out, "net.connect"};
  }
  memory_pair ends = make_memory_pair(context_, time_);
  net::endpoint_address far;
  far.ip = host;
  far.port = port;
  ends.first->set_peer(far);
  ends.first->expires_at(options.deadline);
  found->second.on_connection(std::move(ends.second));
  co_return result<std::unique_ptr<net::stream>>{std::move(ends.first)};
}

}  // namespace stellwerk::test
