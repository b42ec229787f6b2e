#include "base/net/peer_network.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace stellwerk::net {
namespace {

// The first `prefix` bits; the rest zero.
ip_address masked(const ip_address& address, unsigned prefix) {
  ip_address kept = address;
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned bits = std::clamp(static_cast<int>(prefix) - static_cast<int>(i * 8), 0, 8);
    kept.octets[i] = static_cast<std::uint8_t>(kept.octets[i] & (0xff00U >> bits));
  }
  return kept;
}

}  // namespace

std::optional<ip_network> ip_network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<ip_address> base = ip_address::parse(text.substr(0, slash));
  if (!base) return std::nullopt;
  const bool v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  unsigned prefix = 128;
  if (slash != std::string_view::npos) {
    const std::optional<std::uint64_t> bits = parse_decimal(text.substr(slash + 1));
    if (!bits || *bits > (v4 ? 32U : 128U)) return std::nullopt;
    prefix = static_cast<unsigned>(*bits) + (v4 ? 96U : 0U);
  }
  if (masked(*base, prefix) != *base) return std::nullopt;
  return ip_network{*base, prefix};
}

bool ip_network::contains(const ip_address& address) const {
  // "::/0" means every IPv6 address, not the mapped IPv4 ones with it.
  if (prefix_ < 96 && address.is_v4()) return false;
  return masked(address, prefix_) == base_;
}

bool ip_network::contains(std::string_view address) const {
  const std::optional<ip_address> parsed = ip_address::parse(address);
  return parsed && contains(*parsed);
}

std::string ip_network::to_string() const {
  return base_.to_string() + '/' + std::to_string(base_.is_v4() && prefix_ >= 96 ? prefix_ - 96 : prefix_);
}

bool any_contains(const std::vector<ip_network>& networks, const ip_address& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&address](const ip_network& network) { return network.contains(address); });
}

}  // namespace stellwerk::net
