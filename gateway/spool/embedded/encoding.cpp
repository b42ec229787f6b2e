#include "gateway/spool/embedded/encoding.hpp"

#include <limits>

#include <xxhash.h>

namespace stellwerk::spool::embedded {
namespace {

constexpr std::size_t checksum_size = 4;

std::uint32_t checksum_of(std::string_view value, std::uint8_t family, std::string_view key) {
  const std::uint64_t seed = XXH3_64bits(key.data(), key.size()) + family;
  return static_cast<std::uint32_t>(XXH3_64bits_withSeed(value.data(), value.size(), seed));
}

}  // namespace

void byte_writer::varint(std::uint64_t value) {
  while (value >= 0x80) {
    u8(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  u8(static_cast<std::uint8_t>(value));
}

void byte_writer::text(std::string_view value) {
  varint(value.size());
  out_.append(value);
}

void byte_writer::time(time_point value) { varint(to_stored_ms(value)); }

std::uint8_t byte_reader::u8() {
  const std::string_view byte = raw(1);
  return byte.empty() ? 0 : static_cast<std::uint8_t>(byte[0]);
}

std::uint64_t byte_reader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = u8();
    if (!ok_) return 0;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  fail();
  return 0;
}

std::uint32_t byte_reader::varint32() {
  const std::uint64_t value = varint();
  if (value > std::numeric_limits<std::uint32_t>::max()) fail();
  return ok_ ? static_cast<std::uint32_t>(value) : 0;
}

std::string_view byte_reader::text() {
  const std::uint64_t size = varint();
  if (size > in_.size()) {
    fail();
    return {};
  }
  return raw(static_cast<std::size_t>(size));
}

std::string_view byte_reader::raw(std::size_t size) {
  if (size > in_.size()) {
    fail();
    return {};
  }
  const std::string_view taken = in_.substr(0, size);
  in_.remove_prefix(size);
  return taken;
}

time_point byte_reader::time() { return from_stored_ms(varint()); }

std::size_t byte_reader::count() {
  const std::uint64_t value = varint();
  if (value > in_.size()) fail();
  return ok_ ? static_cast<std::size_t>(value) : 0;
}

void append_be32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void append_be64(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint32_t read_be32(std::string_view four_bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(four_bytes[i]);
  return value;
}

std::uint64_t read_be64(std::string_view eight_bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | static_cast<std::uint8_t>(eight_bytes[i]);
  return value;
}

std::uint64_t to_stored_ms(time_point at) {
  const long long ms = at.time_since_epoch().count();
  return ms < 0 ? 0 : static_cast<std::uint64_t>(ms);
}

time_point from_stored_ms(std::uint64_t ms) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<long long>::max());
  return time_point{duration{static_cast<long long>(ms < most ? ms : most)}};
}

void seal(std::string& value, std::uint8_t family, std::string_view key) {
  const std::uint32_t sum = checksum_of(value, family, key);
  for (unsigned shift = 0; shift < 32; shift += 8) value.push_back(static_cast<char>(sum >> shift));
}

std::optional<std::string_view> unseal(std::string_view sealed, std::uint8_t family, std::string_view key) {
  if (sealed.size() <= checksum_size) return std::nullopt;
  const std::string_view value = sealed.substr(0, sealed.size() - checksum_size);
  const std::uint32_t sum = checksum_of(value, family, key);
  for (std::size_t i = 0; i < checksum_size; ++i) {
    if (static_cast<std::uint8_t>(sealed[value.size() + i]) != static_cast<std::uint8_t>(sum >> (8 * i)))
      return std::nullopt;
  }
  return value;
}

}  // namespace stellwerk::spool::embedded
