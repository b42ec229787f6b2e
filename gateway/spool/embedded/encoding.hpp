// Bytes of keys and values: varints, texts, big-endian integers, and the seal (checksum) of a value. See FORMAT.md.
//
// `byte_reader` never reads past its end: after the first fault every read yields a default and `ok()` is false.
// Thread rule: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace stellwerk::spool::embedded {

class byte_writer {
 public:
  byte_writer() = default;
  explicit byte_writer(std::size_t expected_size) { out_.reserve(expected_size); }

  void u8(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void varint(std::uint64_t value);
  void text(std::string_view value);
  void raw(std::string_view value) { out_.append(value); }
  void time(time_point value);

  [[nodiscard]] const std::string& bytes() const { return out_; }
  [[nodiscard]] std::string& bytes() { return out_; }

 private:
  std::string out_;
};

class byte_reader {
 public:
  explicit byte_reader(std::string_view in) : in_{in} {}

  [[nodiscard]] std::uint8_t u8();
  [[nodiscard]] std::uint64_t varint();
  [[nodiscard]] std::uint32_t varint32();  // a larger value is a fault
  [[nodiscard]] std::string_view text();
  [[nodiscard]] std::string_view raw(std::size_t size);
  [[nodiscard]] time_point time();
  [[nodiscard]] std::string_view rest() { return raw(in_.size()); }

  // A count of items that each take at least one byte; a count that cannot fit is a fault.
  [[nodiscard]] std::size_t count();
  [[nodiscard]] bool at_end() const { return in_.empty(); }
  [[nodiscard]] bool ok() const { return ok_; }
  void fail() {
    ok_ = false;
    in_ = {};
  }

 private:
  std::string_view in_;
  bool ok_ = true;
};

void append_be32(std::string& out, std::uint32_t value);
void append_be64(std::string& out, std::uint64_t value);
[[nodiscard]] std::uint32_t read_be32(std::string_view four_bytes);   // REQUIRES size() >= 4
[[nodiscard]] std::uint64_t read_be64(std::string_view eight_bytes);  // REQUIRES size() >= 8
[[nodiscard]] std::uint64_t to_stored_ms(time_point at);
[[nodiscard]] time_point from_stored_ms(std::uint64_t ms);

// Appends the checksum that ties `value` to its key and family.
void seal(std::string& value, std::uint8_t family, std::string_view key);
// The value without its checksum; nothing if the checksum does not hold.
[[nodiscard]] std::optional<std::string_view> unseal(std::string_view sealed, std::uint8_t family,
                                                     std::string_view key);

}  // namespace stellwerk::spool::embedded
