// SHA-256 (FIPS 180-4) of a whole text, for versions and fingerprints; not for passwords.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace stellwerk {

[[nodiscard]] std::array<std::uint8_t, 32> sha256(std::string_view text);
[[nodiscard]] std::string sha256_hex(std::string_view text);

}  // namespace stellwerk
