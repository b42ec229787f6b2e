// stream: one byte stream to a peer, plain or TLS. The seam for sockets: the simulation has its own implementation.
//
// A stream is thread-bound: it is used only on the io thread that made it. One read and one write may be in flight at a
// time. The deadline is absolute and holds for every operation until it is set again; an operation that passes it fails
// with errc::timed_out, and the stream may then only be closed.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/awaitable.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace stellwerk::net {

struct endpoint_address {
  std::string ip;  // numeric, IPv6 without brackets
  std::uint16_t port = 0;
  [[nodiscard]] std::string to_string() const;  // "192.0.2.1:25", "[2001:db8::1]:25"
  friend bool operator==(const endpoint_address&, const endpoint_address&) = default;
};

struct tls_session_info {
  std::string version;  // "TLSv1.3"
  std::string cipher;
  std::string peer_subject;             // RFC 2253; empty without a verified certificate
  std::vector<std::string> peer_names;  // subject alternative DNS names and e-mail addresses of a verified certificate
};

class tls_context;  // net/tls.hpp

class stream {
 public:
  virtual ~stream() = default;

  // At least one byte; errc::closed at the end of the stream.
  [[nodiscard]] virtual async::awaitable<result<std::size_t>> read_some(std::span<char> into) = 0;
  // All of the parts in order, gathered, or an error; `parts` and what they view must live until it returns.
  [[nodiscard]] virtual async::awaitable<result<void>> write_all(std::span<const std::string_view> parts) = 0;
  [[nodiscard]] async::awaitable<result<void>> write_one(std::string_view bytes);

  // TLS on this stream from here on. Bytes the peer sent in clear before the handshake and that are still unread are an
  // error (RFC 3207 section 4.2, CVE-2021-38371): the caller passes how many it holds.
  [[nodiscard]] virtual async::awaitable<result<void>> handshake_server(const tls_context& context) = 0;
  [[nodiscard]] virtual async::awaitable<result<void>> handshake_client(const tls_context& context,
                                                                        std::string server_name) = 0;

  virtual void expires_at(steady_point deadline) = 0;
  virtual void close() noexcept = 0;  // at once; pending operations fail with errc::closed or cancelled
  [[nodiscard]] virtual bool readable_or_closed() = 0;  // without blocking: idle connections are polled before reuse

  [[nodiscard]] virtual const endpoint_address& peer() const = 0;
  [[nodiscard]] virtual const endpoint_address& local() const = 0;
  [[nodiscard]] virtual const std::optional<tls_session_info>& tls() const = 0;
};

// What may be connected to. Special addresses (loopback, private, link-local, metadata) only when allowed; the check is
// made on the resolved address.
struct connect_options {
  connect_options() {}
  bool allow_private_address = true;
  steady_point deadline{};
};

// Opens connections on one io thread. "host:port" names are resolved by the resolver behind it.
class connector {
 public:
  virtual ~connector() = default;
  [[nodiscard]] virtual async::awaitable<result<std::unique_ptr<stream>>> connect(std::string host, std::uint16_t port,
                                                                                  connect_options options) = 0;
  // Suspends the calling coroutine; the seam for time in coroutines.
  [[nodiscard]] virtual async::awaitable<void> sleep_until(steady_point at) = 0;
};

}  // namespace stellwerk::net
