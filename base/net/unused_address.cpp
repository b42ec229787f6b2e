#include "base/net/unused_address.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>

namespace stellwerk::net {

result<void> check_unused(const endpoint_address& address) {
  if (address.port == 0) return {};
  boost::system::error_code failure;
  const auto ip = boost::asio::ip::make_address(address.ip, failure);
  if (failure) return error{failure, "net.listen"};
  const boost::asio::ip::tcp::endpoint endpoint{ip, address.port};
  boost::asio::io_context nobody;
  boost::asio::ip::tcp::acceptor alone{nobody};
  alone.open(endpoint.protocol(), failure);
  // What remains of closed connections is in nobody's way.
  if (!failure) alone.set_option(boost::asio::ip::tcp::acceptor::reuse_address{true}, failure);
  if (!failure && ip.is_v6()) alone.set_option(boost::asio::ip::v6_only{true}, failure);
  if (!failure) alone.bind(endpoint, failure);
  if (!failure) alone.listen(1, failure);
  if (failure) return error{failure, "net.listen"};
  return {};
}

}  // namespace stellwerk::net
