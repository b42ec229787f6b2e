#include "base/net/listener.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/detail/socket_option.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include "base/async/task_group.hpp"
#include "base/net/socket_stream.hpp"

namespace stellwerk::net {
namespace {

using acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, async::executor>;
using reuse_port = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using boost::asio::ip::v6_only;
using std::chrono::steady_clock;
using timer = boost::asio::basic_waitable_timer<steady_clock, boost::asio::wait_traits<steady_clock>, async::executor>;

constexpr auto pause_without_descriptors = std::chrono::milliseconds{100};
constexpr int backlog = 4096;

bool is_shortage(const boost::system::error_code& code) {
  return code == boost::system::errc::too_many_files_open ||
         code == boost::system::errc::too_many_files_open_in_system || code == boost::system::errc::no_buffer_space ||
         code == boost::system::errc::not_enough_memory;
}

}  // namespace

struct listener::state {
  state(async::executor owner_in, connection_handler on_connection_in, trouble_handler on_trouble_in)
      : owner{owner_in},
        socket{owner_in},
        pause{owner_in},
        tasks{owner_in, nullptr},
        on_connection{std::move(on_connection_in)},
        on_trouble{std::move(on_trouble_in)} {}

  static async::awaitable<void> accept_loop(std::shared_ptr<state> self);
  boost::system::error_code open(const tcp_endpoint& endpoint);
  void hand_over(tcp_socket connection, const tcp_endpoint& peer);

  async::executor owner;
  acceptor socket;
  timer pause;
  async::task_group tasks;
  connection_handler on_connection;
  trouble_handler on_trouble;
  endpoint_address local;
};

boost::system::error_code listener::state::open(const tcp_endpoint& endpoint) {
  boost::system::error_code failure;
  const auto step = [&failure](auto action) {
    if (!failure) action();
  };
  step([&] { socket.open(endpoint.protocol(), failure); });
  step([&] { socket.set_option(acceptor::reuse_address{true}, failure); });
  step([&] { socket.set_option(reuse_port{true}, failure); });
  // "::" next to "0.0.0.0" on one port must not collide.
  step([&] {
    if (endpoint.address().is_v6()) socket.set_option(v6_only{true}, failure);
  });
  step([&] { socket.bind(endpoint, failure); });
  step([&] { socket.listen(backlog, failure); });
  step([&] {
    const tcp_endpoint bound = socket.local_endpoint(failure);
    local.ip = bound.address().to_string();
    local.port = bound.port();
  });
  return failure;
}

// A handler that throws (no memory for a session) loses this connection, not the door.
void listener::state::hand_over(tcp_socket connection, const tcp_endpoint& peer) {
  try {
    on_connection(make_socket_stream(std::move(connection), peer));
  } catch (const std::exception&) {
    if (on_trouble) on_trouble(error{errc::limit_reached, "net.accept"});
  }
}

async::awaitable<void> listener::state::accept_loop(std::shared_ptr<state> self) {
  while (self->socket.is_open()) {
    tcp_socket connection{self->owner};
    tcp_endpoint peer;
    const auto [failure] = co_await self->socket.async_accept(connection, peer, async::as_value);
    if (!self->socket.is_open()) co_return;
    if (!failure) {
      self->hand_over(std::move(connection), peer);
      continue;
    }
    if (self->on_trouble) self->on_trouble(error{failure, "net.accept"});
    if (!is_shortage(failure)) continue;  // the one connection is gone, as with ECONNABORTED
    self->pause.expires_after(pause_without_descriptors);
    co_await self->pause.async_wait(async::as_value);
  }
}

listener::listener(async::executor owner, connection_handler on_connection, trouble_handler on_trouble)
    : state_{std::make_shared<state>(owner, std::move(on_connection), std::move(on_trouble))} {}

listener::~listener() { stop(); }

result<endpoint_address> listener::open(const endpoint_address& address) {
  boost::system::error_code failure;
  const auto ip = boost::asio::ip::make_address(address.ip, failure);
  if (!failure) failure = state_->open(tcp_endpoint{ip, address.port});
  if (failure) return error{failure, "net.listen"};
  return state_->local;
}

void listener::start() { state_->tasks.spawn("accept", state::accept_loop(state_)); }

void listener::stop() {
  boost::system::error_code ignored;
  state_->socket.close(ignored);
  state_->pause.cancel();
}

const endpoint_address& listener::local() const { return state_->local; }

}  // namespace stellwerk::net
