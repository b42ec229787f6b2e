#include "base/ids.hpp"

#include <algorithm>
#include <cstring>

namespace stellwerk {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

int value_of(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (c == 'I' || c == 'L') return 1;
  if (c == 'O') return 0;
  const auto at = alphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string queue_id::to_string() const {
  std::string text(text_length, '0');
  // 26 * 5 = 130 bits: the first character carries the top three bits alone.
  unsigned buffer = 0;
  int have = 2;  // two leading zero bits
  std::size_t out = 0;
  for (const std::uint8_t byte : bytes) {
    buffer = buffer << 8 | byte;
    have += 8;
    while (have >= 5) {
      have -= 5;
      text[out++] = alphabet[buffer >> have & 31U];
    }
  }
  return text;
}

std::optional<queue_id> queue_id::parse(std::string_view text) {
  if (text.size() != text_length || value_of(text[0]) > 7) return std::nullopt;
  queue_id id;
  unsigned buffer = 0;
  int have = -2;
  std::size_t out = 0;
  for (const char c : text) {
    const int value = value_of(c);
    if (value < 0) return std::nullopt;
    buffer = buffer << 5 | static_cast<unsigned>(value);
    have += 5;
    if (have >= 8) {
      have -= 8;
      id.bytes[out++] = static_cast<std::uint8_t>(buffer >> have & 255U);
    }
  }
  return id;
}

time_point queue_id::accepted_at() const {
  std::uint64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | bytes[i];
  return time_point{std::chrono::milliseconds{static_cast<long long>(ms)}};
}

queue_id queue_id::from_view(std::string_view sixteen_bytes) {
  queue_id id;
  std::memcpy(id.bytes.data(), sixteen_bytes.data(), id.bytes.size());
  return id;
}

queue_id id_generator::next() {
  const auto ms = static_cast<std::uint64_t>(time_.now().time_since_epoch().count());
  if (ms > last_ms_) {
    last_ms_ = ms;
    low_ = random_.next();
    high_ = static_cast<std::uint16_t>(random_.next());
  } else {
    // Same millisecond, or the clock stepped back: go on from the last id by a random stride.
    const std::uint64_t before = low_;
    low_ += 1 + (random_.next() & 0xffffffffU);
    if (low_ < before && ++high_ == 0) ++last_ms_;
  }
  queue_id id;
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(last_ms_ >> (40 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>(high_ >> 8);
  id.bytes[7] = static_cast<std::uint8_t>(high_);
  for (std::size_t i = 0; i < 8; ++i) id.bytes[8 + i] = static_cast<std::uint8_t>(low_ >> (56 - 8 * i));
  return id;
}

}  // namespace stellwerk
