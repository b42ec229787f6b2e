// The stream over a TCP socket. Made by the listener and the connector; nobody else needs this header.
//
// Operations first try the socket without waiting, so a pipelined command costs one system call. TLS is an engine
// between the caller and the socket (tls_engine.hpp), put in place by the handshake.
#pragma once

#include <memory>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "base/net/stream.hpp"

namespace stellwerk::net {

using tcp_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, async::executor>;
using tcp_endpoint = boost::asio::ip::tcp::endpoint;

// REQUIRES a connected socket. Sets TCP_NODELAY and the socket's non-blocking mode.
[[nodiscard]] std::unique_ptr<stream> make_socket_stream(tcp_socket socket, const tcp_endpoint& peer);

// Connects to one address. The stream keeps `deadline` until the caller sets another.
[[nodiscard]] async::awaitable<result<std::unique_ptr<stream>>> connect_socket_stream(async::executor executor,
                                                                                      tcp_endpoint peer,
                                                                                      steady_point deadline);

// Ends the connection with a reset: what was not delivered yet is lost. Stand-ins play broken peers with it; a stream
// that is no socket is closed.
void reset_connection(stream& connection) noexcept;

}  // namespace stellwerk::net
