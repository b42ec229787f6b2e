// queue_id: our id of an accepted message, in the 250, in gRPC and in every log line.
//
// 128 bits: 48 bits of milliseconds since the epoch, 80 bits of chance; written as 26 characters of Crockford's
// base32. Ids made by one generator rise strictly, also within a millisecond and when the clock steps back, so
// the byte order of stored keys is the order of acceptance.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace stellwerk {

struct queue_id {
  static constexpr std::size_t text_length = 26;

  std::array<std::uint8_t, 16> bytes{};

  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] static std::optional<queue_id> parse(std::string_view text);  // either letter case; I, L, O as 1, 1, 0
  [[nodiscard]] time_point accepted_at() const;
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  [[nodiscard]] static queue_id from_view(std::string_view sixteen_bytes);  // REQUIRES size() == 16
  [[nodiscard]] bool is_nil() const { return bytes == std::array<std::uint8_t, 16>{}; }
  friend auto operator<=>(const queue_id&, const queue_id&) = default;
};

// Not safe to share between threads: one per io thread.
class id_generator {
 public:
  id_generator(const clock& time, random_source& random) : time_{time}, random_{random} {}
  [[nodiscard]] queue_id next();

 private:
  const clock& time_;
  random_source& random_;
  std::uint64_t last_ms_ = 0;
  std::uint64_t low_ = 0;   // lower 64 of the 80 random bits
  std::uint16_t high_ = 0;  // upper 16 of them
};

}  // namespace stellwerk

template <>
struct std::hash<stellwerk::queue_id> {
  std::size_t operator()(const stellwerk::queue_id& id) const noexcept {
    std::uint64_t low = 0;
    for (int i = 8; i < 16; ++i) low = low << 8 | id.bytes[static_cast<std::size_t>(i)];
    return static_cast<std::size_t>(low * 0x9e3779b97f4a7c15ULL);
  }
};
