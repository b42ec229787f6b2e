// Numeric addresses as values: IPv4 is held as IPv4-mapped IPv6, so one comparison serves both.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stellwerk::net {

struct ip_address {
  std::array<std::uint8_t, 16> octets{};

  // No port, no brackets, no zone. "::ffff:192.0.2.1" is the same value as "192.0.2.1".
  [[nodiscard]] static std::optional<ip_address> parse(std::string_view text);
  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] std::string to_string() const;
  // Not an address of a public host: loopback, private (RFC 1918), shared (RFC 6598), link-local with the metadata
  // service 169.254.169.254, unique local (RFC 4193), unspecified, multicast, reserved, documentation; NAT64 and 6to4
  // addresses count as what they embed.
  [[nodiscard]] bool is_special() const;
  friend auto operator<=>(const ip_address&, const ip_address&) = default;
};

}  // namespace stellwerk::net
