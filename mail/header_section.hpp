// The header section of RFC 5322 as views into the content: nothing is copied, nothing is decoded.
//
// Stops at the first fault and says which; the fields before it stay readable. Both CRLF and bare LF end a line here
// (files on disk); bare LF from the wire is refused by the doors before (mail/dot_stuffing.hpp). Hot path: one memchr
// per line. Thread rule: a value that borrows the content.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stellwerk::mail {

// A header section of this size or a field count of this number is refused (catalogue P-105).
inline constexpr std::size_t header_octets_limit = 300'000;
inline constexpr std::size_t header_fields_limit = 10'000;
inline constexpr std::size_t line_octets_max = 998;  // RFC 5322 section 2.1.1, without CRLF

struct header_field {
  std::string_view name;
  std::string_view value;  // after the colon, folding included, without the last line break
  std::string_view raw;    // the whole field with its last line break
};

enum class header_fault : std::uint8_t {
  none = 0,
  no_header,       // starts with an empty line or with what is no field
  bad_field_name,  // empty, or holds what RFC 5322 section 2.2 forbids
  bad_line,        // a later line that is neither field nor continuation
  line_too_long,   // over 998 octets
  too_large,
  too_many_fields,
};
[[nodiscard]] std::string_view to_string(header_fault fault);

class header_section {
 public:
  header_section() = default;
  [[nodiscard]] static header_section parse(std::string_view content);

  [[nodiscard]] header_fault fault() const { return fault_; }
  [[nodiscard]] bool ok() const { return fault_ == header_fault::none; }
  [[nodiscard]] const std::vector<header_field>& fields() const { return fields_; }

  // Behind the last field; the empty line, if any, starts here.
  [[nodiscard]] std::size_t end() const { return end_; }
  // Behind the empty line; content.size() if there is no body.
  [[nodiscard]] std::size_t body_offset() const { return body_offset_; }

  // Names are compared without letter case. first(): the raw value of the first such field.
  [[nodiscard]] std::optional<std::string_view> first(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return first(name).has_value(); }

 private:
  header_fault read_line(std::string_view content, std::size_t at, std::size_t line_end, std::size_t next);

  std::vector<header_field> fields_;
  std::size_t end_ = 0;
  std::size_t body_offset_ = 0;
  header_fault fault_ = header_fault::none;
};

// Line breaks removed, surrounding blanks trimmed (RFC 5322 section 2.2.3).
[[nodiscard]] std::string unfold(std::string_view value);

// RFC 5322 section 2.2: printable ASCII without colon, at least one.
[[nodiscard]] bool is_field_name(std::string_view name);

}  // namespace stellwerk::mail
