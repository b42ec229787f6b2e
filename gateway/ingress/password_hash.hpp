// Passwords at rest: scrypt (RFC 7914), written `scrypt$N$r$p$salt$hash` with salt and hash in base64.
//
// Verifying costs tens of milliseconds and 16 MiB by design: never on an io thread. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stellwerk::ingress {

struct password_cost {
  std::uint64_t n = 16384;  // a power of two; memory is 128 * N * r octets
  std::uint32_t r = 8;
  std::uint32_t p = 1;
  friend bool operator==(const password_cost&, const password_cost&) = default;
};

// What `stellwerk hash-password` prints; the salt is fresh.
[[nodiscard]] std::string hash_password(std::string_view password, const password_cost& cost = {});

// False also for a hash that does not parse or asks for more than 256 MiB.
[[nodiscard]] bool verify_password(std::string_view hash, std::string_view password);

// Nothing when it does not parse; configuration asks this.
[[nodiscard]] std::optional<password_cost> cost_of_password_hash(std::string_view hash);

}  // namespace stellwerk::ingress
