// ASCII text work that every room needs. Nothing here depends on the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stellwerk {

[[nodiscard]] constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
[[nodiscard]] std::string ascii_lower(std::string_view text);
[[nodiscard]] bool iequals(std::string_view a, std::string_view b);  // ASCII case only
[[nodiscard]] bool istarts_with(std::string_view text, std::string_view prefix);
[[nodiscard]] std::string_view trim(std::string_view text);  // space, tab, CR, LF
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
[[nodiscard]] bool is_valid_utf8(std::string_view text);  // no surrogates, no overlong forms
[[nodiscard]] bool is_ascii(std::string_view text);
[[nodiscard]] bool is_printable_ascii(std::string_view text);                     // 0x20..0x7e
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text);  // digits only, no overflow

// Appends a JSON string with quotes: control characters, invalid UTF-8 and bidirectional marks become escapes.
void append_json_string(std::string& out, std::string_view text);

[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string base64_encode(std::string_view bytes);
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);  // strict: RFC 4648, padding required

// Levenshtein distance, cut at `limit`; for "did you mean" hints.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit = 8);

}  // namespace stellwerk
