// The values of literals: quotes and escapes resolved, numbers read with their bounds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace stellwerk::policy::expression {

struct literal_fault {
  literal_fault() = default;
  // Not an aggregate: one could be made of a string alone, and result<std::string, literal_fault> would be ambiguous.
  literal_fault(std::string message_in, std::size_t offset_in) : message{std::move(message_in)}, offset{offset_in} {}

  std::string message;
  std::size_t offset = 0;  // within the literal's text
};

// `text` with prefix and quotes. In bytes an escape \x or octal is one octet, in strings a code point.
[[nodiscard]] boost::system::result<std::string, literal_fault> decode_string(std::string_view text);

// Decimal or 0x; nothing when it does not fit. A '-' makes the least integer reachable.
enum class literal_sign { none, minus };
[[nodiscard]] std::optional<std::int64_t> decode_integer(std::string_view text, literal_sign sign);
[[nodiscard]] std::optional<std::uint64_t> decode_unsigned(std::string_view text);  // with or without the u
[[nodiscard]] std::optional<double> decode_real(std::string_view text);

void append_utf8(std::string& out, std::uint32_t code_point);  // REQUIRES a scalar value

}  // namespace stellwerk::policy::expression
