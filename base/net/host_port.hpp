// "host:port" as it is written in configuration and on command lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/net/stream.hpp"

namespace stellwerk::net {

struct host_port {
  std::string host;  // a name or a numeric address, without brackets
  std::uint16_t port = 0;
};

// "0.0.0.0:25", "[::1]:25", "mx.example.com:25"; the port is needed, 0 is allowed, an IPv6 address needs its brackets.
[[nodiscard]] result<host_port> parse_host_port(std::string_view text);

// The same for an address to bind: a numeric address or "localhost".
[[nodiscard]] result<endpoint_address> parse_listen_address(std::string_view text);

}  // namespace stellwerk::net
