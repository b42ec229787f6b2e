#include "base/net/ip_address.hpp"

#include <algorithm>

#include <arpa/inet.h>

#include "base/net/peer_network.hpp"

namespace stellwerk::net {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

ip_address from_v4(const std::uint8_t* four) {
  ip_address made;
  std::copy(mapped_prefix.begin(), mapped_prefix.end(), made.octets.begin());
  std::copy_n(four, 4, made.octets.begin() + 12);
  return made;
}

// The IANA special-purpose registries, as far as none of it is a host on the public internet.
constexpr const char* special_networks[] = {
    "0.0.0.0/8",     "10.0.0.0/8",   "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",  "172.16.0.0/12",
    "192.0.0.0/24",  "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4",   "240.0.0.0/4",  "::/128",         "::1/128",       "64:ff9b:1::/48",  "100::/64",
    "2001:db8::/32", "fc00::/7",     "fe80::/10",      "fec0::/10",     "ff00::/8"};

const std::vector<ip_network>& special() {
  static const std::vector<ip_network> parsed = [] {
    std::vector<ip_network> list;
    for (const char* text : special_networks) list.push_back(*ip_network::parse(text));
    return list;
  }();
  return parsed;
}

// NAT64 (RFC 6052) carries an IPv4 address in its last four octets, 6to4 (RFC 3056) in octets 2 to 5.
std::optional<ip_address> embedded_v4(const ip_address& address) {
  static const ip_network nat64 = *ip_network::parse("64:ff9b::/96");
  static const ip_network sixtofour = *ip_network::parse("2002::/16");
  if (nat64.contains(address)) return from_v4(address.octets.data() + 12);
  if (sixtofour.contains(address)) return from_v4(address.octets.data() + 2);
  return std::nullopt;
}

}  // namespace

std::optional<ip_address> ip_address::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated) return std::nullopt;
  *std::copy(text.begin(), text.end(), terminated) = '\0';
  std::uint8_t four[4];
  if (inet_pton(AF_INET, terminated, four) == 1) return from_v4(four);
  ip_address made;
  if (inet_pton(AF_INET6, terminated, made.octets.data()) == 1) return made;
  return std::nullopt;
}

bool ip_address::is_v4() const { return std::equal(mapped_prefix.begin(), mapped_prefix.end(), octets.begin()); }

std::string ip_address::to_string() const {
  char text[INET6_ADDRSTRLEN];
  const bool v4 = is_v4();
  inet_ntop(v4 ? AF_INET : AF_INET6, octets.data() + (v4 ? 12 : 0), text, sizeof text);
  return text;
}

bool ip_address::is_special() const {
  const std::optional<ip_address> inner = embedded_v4(*this);
  const ip_address& tested = inner ? *inner : *this;
  return std::any_of(special().begin(), special().end(),
                     [&tested](const ip_network& network) { return network.contains(tested); });
}

}  // namespace stellwerk::net
