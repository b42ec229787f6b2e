#include "mail/encoded_word.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "mail/charset.hpp"
#include "mail/transfer_encoding.hpp"

namespace stellwerk::mail {
namespace {

constexpr std::size_t charset_octets_max = 60;
constexpr std::size_t word_octets_max = 75;
constexpr std::string_view word_prefix_q = "=?utf-8?Q?";
constexpr std::string_view word_prefix_b = "=?utf-8?B?";
constexpr std::size_t payload_octets = word_octets_max - word_prefix_q.size() - 2;

struct encoded_word {
  std::string_view charset;
  std::string bytes;
  std::size_t length;  // of the word in the text
};

std::string decode_q(std::string_view payload) {
  std::string spaced{payload};
  std::replace(spaced.begin(), spaced.end(), '_', ' ');
  return decode_quoted_printable(spaced);
}

// The word that `text` begins with. REQUIRES text.starts_with("=?").
std::optional<encoded_word> read_word(std::string_view text) {
  const auto charset_end = text.substr(0, charset_octets_max + 3).find('?', 2);
  if (charset_end == std::string_view::npos || text.size() < charset_end + 5 || text[charset_end + 2] != '?') {
    return std::nullopt;
  }
  const char encoding = ascii_lower(text[charset_end + 1]);
  const std::size_t begin = charset_end + 3;
  const auto end = text.find_first_of("? \t\r\n", begin);
  if (end == std::string_view::npos || text.substr(end, 2) != "?=") return std::nullopt;
  std::string_view charset = text.substr(2, charset_end - 2);
  charset = charset.substr(0, charset.find('*'));  // the language tag of RFC 2231 section 5
  const std::string_view payload = text.substr(begin, end - begin);
  if (charset.empty() || !to_utf8({}, charset)) return std::nullopt;
  if (encoding == 'q') return encoded_word{charset, decode_q(payload), end + 2};
  if (encoding == 'b') return encoded_word{charset, decode_base64(payload), end + 2};
  return std::nullopt;
}

void append_decoded(std::string& out, std::string_view bytes, std::string_view charset) {
  std::string text = to_utf8(bytes, charset).value_or(std::string{});
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  out += text;
}

bool is_q_literal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '!' || c == '*' ||
         c == '+' || c == '-' || c == '/';
}

std::size_t q_size(std::string_view text) {
  std::size_t octets = 0;
  for (const char c : text) octets += is_q_literal(c) || c == ' ' ? 1U : 3U;
  return octets;
}

void append_q(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_q_literal(c)) {
      out += c;
    } else if (c == ' ') {
      out += '_';
    } else {
      out += '=';
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15U];
    }
  }
}

std::size_t b_size(std::string_view text) { return (text.size() + 2) / 3 * 4; }

}  // namespace

std::string decode_encoded_words(std::string_view text) {
  std::string out;
  std::string pending;  // bytes of adjacent words in one character set
  std::string_view pending_charset;
  const auto flush = [&] {
    append_decoded(out, pending, pending_charset);
    pending.clear();
  };
  std::size_t plain = 0;  // begin of the text behind the last word
  bool after_word = false;
  for (auto at = text.find("=?"); at != std::string_view::npos;) {
    const auto word = read_word(text.substr(at));
    if (!word) {
      at = text.find("=?", at + 2);
      continue;
    }
    const std::string_view gap = text.substr(plain, at - plain);
    const bool joined = after_word && trim(gap).empty();
    if (!joined || !iequals(pending_charset, word->charset)) flush();
    if (!joined) out += gap;
    pending_charset = word->charset;
    pending += word->bytes;
    plain = at + word->length;
    after_word = true;
    at = text.find("=?", plain);
  }
  flush();
  out += text.substr(plain);
  return out;
}

std::string encode_words(std::string_view utf8, std::size_t columns_used) {
  constexpr std::size_t payload_octets_min = 16;
  const bool use_q = q_size(utf8) <= b_size(utf8);
  std::size_t room = payload_octets - std::min(columns_used, payload_octets - payload_octets_min);
  std::string out;
  while (!utf8.empty()) {
    std::size_t take = 0;
    while (take < utf8.size()) {
      const std::size_t more = take + utf8_character_length(utf8.substr(take));
      const std::string_view chunk = utf8.substr(0, more);
      if ((use_q ? q_size(chunk) : b_size(chunk)) > room) break;
      take = more;
    }
    if (!out.empty()) out += ' ';
    out += use_q ? word_prefix_q : word_prefix_b;
    if (use_q)
      append_q(out, utf8.substr(0, take));
    else
      out += base64_encode(utf8.substr(0, take));
    out += "?=";
    utf8.remove_prefix(take);
    room = payload_octets;
  }
  return out;
}

bool needs_encoded_words(std::string_view text) {
  return !is_printable_ascii(text) || text.find("=?") != std::string_view::npos;
}

}  // namespace stellwerk::mail
