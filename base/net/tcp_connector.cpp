#include "base/net/tcp_connector.hpp"

#include <algorithm>

#include <boost/asio/basic_waitable_timer.hpp>

#include "base/net/socket_stream.hpp"

namespace stellwerk::net {
namespace {

using std::chrono::steady_clock;
using timer = boost::asio::basic_waitable_timer<steady_clock, boost::asio::wait_traits<steady_clock>, async::executor>;

tcp_endpoint to_endpoint(const ip_address& address, std::uint16_t port) {
  if (!address.is_v4()) return {boost::asio::ip::address_v6{address.octets}, port};
  boost::asio::ip::address_v4::bytes_type four;
  std::copy_n(address.octets.begin() + 12, 4, four.begin());
  return {boost::asio::ip::address_v4{four}, port};
}

// An address that does not answer may use up its share of the time only, so that the next one has a chance.
steady_point share_of(steady_point deadline, std::size_t addresses_left) {
  const steady_point now = steady_clock::now();
  if (addresses_left <= 1 || deadline <= now || deadline == steady_point::max()) return deadline;
  return now + (deadline - now) / static_cast<long>(addresses_left);
}

}  // namespace

async::awaitable<result<std::unique_ptr<stream>>> tcp_connector::connect(std::string host, std::uint16_t port,
                                                                         connect_options options) {
  result<address_list> addresses = co_await names_.resolve(std::move(host), options.deadline);
  if (!addresses) co_return addresses.error();
  if (!options.allow_private_address) std::erase_if(*addresses, [](const ip_address& one) { return one.is_special(); });
  error last{errc::refused, "net.connect: not a public address"};
  for (std::size_t i = 0; i < addresses->size(); ++i) {
    const tcp_endpoint target = to_endpoint((*addresses)[i], port);
    const steady_point until = share_of(options.deadline, addresses->size() - i);
    result<std::unique_ptr<stream>> made = co_await connect_socket_stream(owner_, target, until);
    if (made) {
      (*made)->expires_at(options.deadline);
      co_return result<std::unique_ptr<stream>>{std::move(*made)};
    }
    last = made.error();
    if (last.is(errc::cancelled)) break;
  }
  co_return last;
}

async::awaitable<void> tcp_connector::sleep_until(steady_point at) {
  timer alarm{owner_, at};
  co_await alarm.async_wait(async::as_value);
}

}  // namespace stellwerk::net
