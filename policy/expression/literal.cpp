#include "policy/expression/literal.hpp"

#include <cctype>
#include <charconv>
#include <limits>

#include "base/text.hpp"

namespace stellwerk::policy::expression {
namespace {

constexpr std::string_view simple_escapes = "abfnrtv\\?\"'`";
constexpr std::string_view simple_values = "\a\b\f\n\r\t\v\\?\"'`";

class unescaper {
 public:
  unescaper(std::string_view body, bool bytes, std::size_t base) : body_{body}, bytes_{bytes}, base_{base} {}

  boost::system::result<std::string, literal_fault> run() {
    while (at_ < body_.size()) {
      if (body_[at_] != '\\') {
        out_ += body_[at_++];
        continue;
      }
      if (const char* wrong = escape()) return literal_fault{wrong, base_ + at_};
    }
    return std::move(out_);
  }

 private:
  // Consumes one escape at `at_`; the reason when it is none.
  const char* escape() {
    if (at_ + 1 >= body_.size()) return "an escape sequence is incomplete";
    const char c = body_[at_ + 1];
    if (const auto found = simple_escapes.find(c); found != std::string_view::npos) {
      out_ += simple_values[found];
      at_ += 2;
      return nullptr;
    }
    switch (c) {
      case 'x':
      case 'X': return numeric(2, 2, 16);
      case 'u': return bytes_ ? "\\u is not allowed in bytes" : numeric(2, 4, 16);
      case 'U': return bytes_ ? "\\U is not allowed in bytes" : numeric(2, 8, 16);
      case '0':
      case '1':
      case '2':
      case '3': return numeric(1, 3, 8);
      default: return "unknown escape sequence";
    }
  }

  const char* numeric(std::size_t prefix, std::size_t count, int base) {
    const std::string_view digits = body_.substr(std::min(at_ + prefix, body_.size()), count);
    std::uint32_t code = 0;
    const auto [end, trouble] = std::from_chars(digits.data(), digits.data() + digits.size(), code, base);
    if (digits.size() != count || trouble != std::errc{} || end != digits.data() + digits.size()) {
      return "an escape sequence is incomplete";
    }
    if (bytes_) {
      out_ += static_cast<char>(code);
    } else {
      if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return "the escape names no character";
      append_utf8(out_, code);
    }
    at_ += prefix + count;
    return nullptr;
  }

  std::string_view body_;
  bool bytes_;
  std::size_t base_;
  std::size_t at_ = 0;
  std::string out_;
};

std::optional<std::uint64_t> magnitude(std::string_view text) {
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && ascii_lower(text[1]) == 'x') {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t out = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  if (trouble != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

boost::system::result<std::string, literal_fault> decode_string(std::string_view text) {
  bool bytes = false, raw = false;
  std::size_t at = 0;
  for (; text[at] != '"' && text[at] != '\''; ++at) (ascii_lower(text[at]) == 'b' ? bytes : raw) = true;
  const std::size_t quotes = text.size() - at >= 6 && text[at + 1] == text[at] && text[at + 2] == text[at] ? 3 : 1;
  const std::string_view body = text.substr(at + quotes, text.size() - at - 2 * quotes);
  if (!is_valid_utf8(body)) return literal_fault{"the string is not valid UTF-8", 0};
  if (raw) return std::string{body};
  return unescaper{body, bytes, at + quotes}.run();
}

std::optional<std::int64_t> decode_integer(std::string_view text, literal_sign sign) {
  const auto size = magnitude(text);
  constexpr auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!size || *size > max + (sign == literal_sign::minus ? 1 : 0)) return std::nullopt;
  return sign == literal_sign::minus ? static_cast<std::int64_t>(0 - *size) : static_cast<std::int64_t>(*size);
}

std::optional<std::uint64_t> decode_unsigned(std::string_view text) {
  if (!text.empty() && ascii_lower(text.back()) == 'u') text.remove_suffix(1);
  return magnitude(text);
}

std::optional<double> decode_real(std::string_view text) {
  double out = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (end != text.data() + text.size()) return std::nullopt;
  if (trouble == std::errc::result_out_of_range) {
    // from_chars does not tell an overflow from an underflow; the exponent's sign does.
    return text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos
               ? 0.0
               : std::numeric_limits<double>::infinity();
  }
  if (trouble != std::errc{}) return std::nullopt;
  return out;
}

void append_utf8(std::string& out, std::uint32_t code_point) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | (code_point >> shift & 0x3f)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xc0 | code_point >> 6);
    tail(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xe0 | code_point >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xf0 | code_point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace stellwerk::policy::expression
