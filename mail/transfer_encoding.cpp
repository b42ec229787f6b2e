#include "mail/transfer_encoding.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace stellwerk::mail {
namespace {

constexpr std::size_t encoded_line_octets = 76;

constexpr std::array<std::int8_t, 256> make_base64_values() {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr auto base64_values = make_base64_values();

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

// Position behind "=" blanks and a line break at `at`; `at` itself if there is no soft line break.
std::size_t after_soft_break(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
  if (end == text.size()) return end;
  if (text[end] == '\r') ++end;
  if (end < text.size() && text[end] == '\n') return end + 1;
  return at;
}

void append_hex(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  out += '=';
  out += digits[static_cast<unsigned char>(c) >> 4];
  out += digits[static_cast<unsigned char>(c) & 15U];
}

bool needs_quoting(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == ' ' || c == '\t') return at + 1 == text.size() || text.substr(at + 1, 2) == "\r\n";
  return c < 0x21 || c > 0x7e || c == '=';
}

}  // namespace

transfer_encoding parse_transfer_encoding(std::string_view value) {
  const std::string_view name = trim(value.substr(0, value.find(';')));
  if (name.empty() || iequals(name, "7bit") || iequals(name, "8bit") || iequals(name, "binary")) {
    return transfer_encoding::identity;
  }
  if (iequals(name, "quoted-printable")) return transfer_encoding::quoted_printable;
  if (iequals(name, "base64")) return transfer_encoding::base64;
  return transfer_encoding::unknown;
}

std::string decode_base64(std::string_view text, std::size_t octets_max) {
  std::string out;
  out.reserve(std::min(text.size() / 4 * 3 + 3, octets_max));
  unsigned group = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = base64_values[static_cast<unsigned char>(c)];
    if (c == '=') bits = 0;  // padding ends a group; concatenated encodings go on behind it
    if (value < 0) continue;
    group = group << 6 | static_cast<unsigned>(value);
    bits += 6;
    if (bits < 8) continue;
    if (out.size() == octets_max) break;
    bits -= 8;
    out += static_cast<char>(group >> bits & 255U);
  }
  return out;
}

std::string decode_quoted_printable(std::string_view text, std::size_t octets_max) {
  std::string out;
  out.reserve(std::min(text.size(), octets_max));
  for (std::size_t at = 0; at < text.size() && out.size() < octets_max;) {
    if (text[at] != '=') {
      out += text[at++];
      continue;
    }
    const int high = at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
    const int low = at + 2 < text.size() ? hex_value(text[at + 2]) : -1;
    if (high >= 0 && low >= 0) {
      out += static_cast<char>(high << 4 | low);
      at += 3;
      continue;
    }
    const std::size_t next = after_soft_break(text, at);
    if (next == at)
      out += text[at++];
    else
      at = next;
  }
  return out;
}

std::string decode_transfer(std::string_view body, transfer_encoding encoding, std::size_t octets_max) {
  switch (encoding) {
    case transfer_encoding::quoted_printable: return decode_quoted_printable(body, octets_max);
    case transfer_encoding::base64: return decode_base64(body, octets_max);
    case transfer_encoding::identity:
    case transfer_encoding::unknown: break;
  }
  return std::string{body.substr(0, octets_max)};
}

std::size_t decoded_size(std::string_view body, transfer_encoding encoding) {
  if (encoding == transfer_encoding::base64) {
    const auto digits = std::count_if(body.begin(), body.end(),
                                      [](char c) { return base64_values[static_cast<unsigned char>(c)] >= 0; });
    return static_cast<std::size_t>(digits) * 3 / 4;
  }
  if (encoding == transfer_encoding::quoted_printable) return decode_quoted_printable(body).size();
  return body.size();
}

std::string encode_base64_lines(std::string_view bytes) {
  constexpr std::size_t octets_per_line = encoded_line_octets / 4 * 3;
  std::string out;
  out.reserve((bytes.size() / octets_per_line + 1) * (encoded_line_octets + 2));
  for (std::size_t at = 0; at < bytes.size(); at += octets_per_line) {
    out.append(base64_encode(bytes.substr(at, octets_per_line))).append("\r\n");
  }
  return out;
}

std::string encode_quoted_printable(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  std::size_t line = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at, 2) == "\r\n") {
      out += "\r\n";
      line = 0;
      ++at;
      continue;
    }
    const bool quoted = needs_quoting(text, at);
    const std::size_t octets = quoted ? 3 : 1;
    // One column stays free for the "=" of a soft break.
    if (line + octets > encoded_line_octets - 1) {
      out += "=\r\n";
      line = 0;
    }
    if (quoted)
      append_hex(out, text[at]);
    else
      out += text[at];
    line += octets;
  }
  return out;
}

}  // namespace stellwerk::mail
