// ip_network: a range of addresses as it is configured, "10.0.0.0/8", "2001:db8::/32" or one address.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/net/ip_address.hpp"

namespace stellwerk::net {

class ip_network {
 public:
  // Bits beyond the prefix have to be zero: "10.0.0.1/8" is more likely a slip than a wish.
  [[nodiscard]] static std::optional<ip_network> parse(std::string_view text);
  [[nodiscard]] bool contains(const ip_address& address) const;
  [[nodiscard]] bool contains(std::string_view address) const;  // false when it is not an address
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const ip_network&, const ip_network&) = default;

 private:
  ip_network(const ip_address& base, unsigned prefix) : base_{base}, prefix_{prefix} {}

  ip_address base_;
  unsigned prefix_;  // of 128; an IPv4 prefix n is 96 + n
};

[[nodiscard]] bool any_contains(const std::vector<ip_network>& networks, const ip_address& address);

}  // namespace stellwerk::net
