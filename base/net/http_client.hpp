// The pooled HTTP/1.1 client of one origin, over any connector.
//
// No retries, no redirects, no content coding, no cookies. Requests beyond `connections_max` wait in order, within
// their deadline. Host, Content-Length, Connection and the like are written by the client; the request's own are left
// out. Thread-bound; REQUIRES that connector and clock outlive it and that no `send` is under way when it goes.
#pragma once

#include "base/net/http.hpp"
#include "base/net/stream.hpp"
#include "base/net/tls.hpp"

namespace stellwerk::net {

struct http_client_config {
  std::string host;
  std::uint16_t port = 0;
  std::shared_ptr<const tls_context> tls;  // null: plain HTTP
  std::string user_agent = "Stellwerk";
  bool allow_private_address = true;
  duration connect_timeout{5'000};  // with the TLS handshake, within the deadline of the send
  duration idle_reuse_max{5'000};   // a connection idle for longer is not used for a request
  std::size_t connections_max = 32;
  std::size_t header_bytes_max = 64 * 1024;
  std::size_t body_bytes_max = 1024 * 1024;
};

[[nodiscard]] std::unique_ptr<http_client> make_http_client(async::executor owner, connector& network,
                                                            const clock& time, http_client_config config);

}  // namespace stellwerk::net
