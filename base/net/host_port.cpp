#include "base/net/host_port.hpp"

#include <algorithm>

#include "base/net/ip_address.hpp"
#include "base/text.hpp"

namespace stellwerk::net {
namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), is_host_character);
}

}  // namespace

result<host_port> parse_host_port(std::string_view text) {
  const error malformed{errc::malformed, "net.parse_host_port"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed;
  const auto port = parse_decimal(text.substr(colon + 1));
  if (!port || *port > 65535) return malformed;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) return malformed;
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos || !ip_address::parse(host)) return malformed;
  } else if (!is_host_name(host)) {
    return malformed;
  }
  host_port parsed;
  parsed.host = host;
  parsed.port = static_cast<std::uint16_t>(*port);
  return parsed;
}

result<endpoint_address> parse_listen_address(std::string_view text) {
  const result<host_port> parsed = parse_host_port(text);
  if (!parsed) return parsed.error();
  endpoint_address address;
  address.ip = parsed->host == "localhost" ? "127.0.0.1" : parsed->host;
  address.port = parsed->port;
  if (!ip_address::parse(address.ip)) return error{errc::malformed, "net.parse_listen_address"};
  return address;
}

}  // namespace stellwerk::net
