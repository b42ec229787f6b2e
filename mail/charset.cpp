#include "mail/charset.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace stellwerk::mail {
namespace {

using code_table = std::array<char16_t, 256>;

constexpr code_table make_windows_1252() {
  code_table table{};
  for (std::size_t i = 0; i < 256; ++i) table[i] = static_cast<char16_t>(i);
  constexpr std::array<char16_t, 32> upper{0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                           0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
                                           0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                           0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};
  for (std::size_t i = 0; i < upper.size(); ++i) table[0x80 + i] = upper[i];
  return table;
}

constexpr code_table make_iso_8859_15() {
  code_table table{};
  for (std::size_t i = 0; i < 256; ++i) table[i] = static_cast<char16_t>(i);
  table[0xa4] = 0x20ac;
  table[0xa6] = 0x0160;
  table[0xa8] = 0x0161;
  table[0xb4] = 0x017d;
  table[0xb8] = 0x017e;
  table[0xbc] = 0x0152;
  table[0xbd] = 0x0153;
  table[0xbe] = 0x0178;
  return table;
}

constexpr code_table windows_1252 = make_windows_1252();
constexpr code_table iso_8859_15 = make_iso_8859_15();

void append_utf8(std::string& out, char16_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

std::string from_table(std::string_view bytes, const code_table& table) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) append_utf8(out, table[static_cast<unsigned char>(c)]);
  return out;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view known) { return iequals(name, known); });
}

}  // namespace

std::size_t utf8_character_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0xc0 ? 1U : first < 0xe0 ? 2U : first < 0xf0 ? 3U : 4U;
  return std::min(length, text.size());
}

std::string repaired_utf8(std::string_view bytes) {
  if (is_valid_utf8(bytes)) return std::string{bytes};
  std::string out;
  out.reserve(bytes.size() + 16);
  while (!bytes.empty()) {
    const std::string_view character = bytes.substr(0, utf8_character_length(bytes));
    const bool good = is_valid_utf8(character);
    out.append(good ? character : std::string_view{"\xef\xbf\xbd"});
    bytes.remove_prefix(good ? character.size() : 1);
  }
  return out;
}

std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset) {
  if (is_one_of(charset, {"utf-8", "utf8", "us-ascii", "ascii", ""})) return repaired_utf8(bytes);
  if (is_one_of(charset, {"iso-8859-1", "iso8859-1", "latin1", "latin-1", "windows-1252", "cp1252"})) {
    return from_table(bytes, windows_1252);
  }
  if (is_one_of(charset, {"iso-8859-15", "iso8859-15", "latin9", "latin-9"})) return from_table(bytes, iso_8859_15);
  return std::nullopt;
}

}  // namespace stellwerk::mail
