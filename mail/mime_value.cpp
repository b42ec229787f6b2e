#include "mail/mime_value.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "mail/charset.hpp"
#include "mail/encoded_word.hpp"
#include "mail/header_section.hpp"

namespace stellwerk::mail {
namespace {

constexpr std::size_t parameters_max = 500;
constexpr std::size_t piece_octets = 54;  // of a value in one piece of a continued parameter

struct raw_parameter {
  std::string name;  // lower case, without marks
  std::string text;
  unsigned section = 0;
  bool extended = false;  // percent-encoded, the first section with charset'language'
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

class reader {
 public:
  explicit reader(std::string_view text) : text_{text} {}

  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  bool take(char c) {
    skip_blank();
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view until(std::string_view stops) {
    skip_blank();
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of(stops, at_), text_.size());
    return trim(text_.substr(begin, at_ - begin));
  }
  std::string value() {
    if (!take('"')) return std::string{until(";")};
    std::string out;
    for (; !done() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_];
    }
    if (!done()) ++at_;
    return out;
  }

 private:
  // Blanks and comments; comments nest, and an open one ends with the text.
  void skip_blank() {
    for (int depth = 0; !done(); ++at_) {
      const char c = text_[at_];
      if (c == '(')
        ++depth;
      else if (c == ')' && depth > 0)
        --depth;
      else if (depth > 0 && c == '\\')
        ++at_;
      else if (depth == 0 && !is_blank(c))
        return;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// "filename*1*" -> filename, section 1, extended.
void read_marks(raw_parameter& parameter) {
  std::string_view name = parameter.name;
  if (name.ends_with('*')) {
    parameter.extended = true;
    name.remove_suffix(1);
  }
  const auto star = name.rfind('*');
  if (star != std::string_view::npos) {
    const auto section = parse_decimal(name.substr(star + 1));
    if (section && *section < parameters_max) {
      parameter.section = static_cast<unsigned>(*section);
      name = name.substr(0, star);
    }
  }
  parameter.name = std::string{name};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = at + 2 < text.size() && text[at] == '%' ? hex_digit(text[at + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[at + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high << 4 | low);
      at += 2;
    } else {
      out += text[at];
    }
  }
  return out;
}

// Sections of one name, in order, as one UTF-8 value.
std::string join_sections(const raw_parameter* first, const raw_parameter* last) {
  if (!first->extended && last - first == 1) return decode_encoded_words(first->text);
  std::string charset = "utf-8";
  std::string bytes;
  for (const auto* part = first; part != last; ++part) {
    if (part != first && part->section == (part - 1)->section) continue;
    std::string_view text = part->text;
    if (part == first && part->extended) {
      const auto language = text.find('\'');
      const auto begin = language == std::string_view::npos ? language : text.find('\'', language + 1);
      if (begin != std::string_view::npos) {
        charset = std::string{text.substr(0, language)};
        text = text.substr(begin + 1);
      }
    }
    bytes += part->extended ? decode_percent(text) : std::string{text};
  }
  return to_utf8(bytes, charset).value_or(repaired_utf8(bytes));
}

bool is_token_char(char c) {
  return c > 0x20 && c < 0x7f && std::string_view{"()<>@,;:\\\"/[]?=*'%"}.find(c) == std::string_view::npos;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string percent_encoded(std::string_view character) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  if (character.size() == 1 && is_token_char(character[0])) return std::string{character};
  std::string out;
  for (const char c : character) {
    out += '%';
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

}  // namespace

std::string_view mime_value::parameter(std::string_view lower_name) const {
  for (const mime_parameter& one : parameters) {
    if (one.name == lower_name) return one.value;
  }
  return {};
}

std::string_view mime_value::type() const { return std::string_view{value}.substr(0, value.find('/')); }

std::string_view mime_value::subtype() const {
  const auto slash = value.find('/');
  return slash == std::string::npos ? std::string_view{} : std::string_view{value}.substr(slash + 1);
}

mime_value parse_mime_value(std::string_view raw_field_value) {
  const std::string text = unfold(raw_field_value);
  reader in{text};
  mime_value out;
  const std::string_view value = in.until(";(");
  out.value = ascii_lower(value);
  out.value.erase(std::remove_if(out.value.begin(), out.value.end(), is_blank), out.value.end());
  static_cast<void>(in.until(";"));

  std::vector<raw_parameter> raw;
  while (in.take(';') && raw.size() < parameters_max) {
    raw_parameter parameter;
    parameter.name = ascii_lower(in.until("=;"));
    if (!in.take('=')) continue;
    parameter.text = in.value();
    static_cast<void>(in.until(";"));
    if (parameter.name.empty()) continue;
    read_marks(parameter);
    raw.push_back(std::move(parameter));
  }
  std::stable_sort(raw.begin(), raw.end(), [](const raw_parameter& a, const raw_parameter& b) {
    return a.name != b.name ? a.name < b.name : a.section < b.section;
  });
  for (auto first = raw.begin(); first != raw.end();) {
    auto last = std::find_if(first, raw.end(), [&](const raw_parameter& one) { return one.name != first->name; });
    // Equal names without sections: an extended form beats the plain fallback beside it, else the first wins.
    auto begin = first;
    auto end = last;
    if (std::all_of(first, last, [](const raw_parameter& one) { return one.section == 0; })) {
      begin = std::find_if(first, last, [](const raw_parameter& one) { return one.extended; });
      if (begin == last) begin = first;
      end = begin + 1;
    }
    out.parameters.push_back({first->name, join_sections(&*begin, &*begin + (end - begin))});
    first = last;
  }
  return out;
}

std::vector<std::string> format_parameter(std::string_view name, std::string_view utf8) {
  const std::string prefix{name};
  const bool plain = is_printable_ascii(utf8) && utf8.find("=?") == std::string_view::npos;
  if (plain && !utf8.empty() && utf8.size() <= piece_octets && std::all_of(utf8.begin(), utf8.end(), is_token_char)) {
    return {prefix + '=' + std::string{utf8}};
  }
  if (plain && utf8.size() <= piece_octets) return {prefix + '=' + quoted(utf8)};

  std::vector<std::string> sections{"utf-8''"};
  while (!utf8.empty()) {
    const std::size_t length = utf8_character_length(utf8);
    const std::string encoded = percent_encoded(utf8.substr(0, length));
    if (sections.back().size() + encoded.size() > piece_octets) sections.emplace_back();
    sections.back() += encoded;
    utf8.remove_prefix(length);
  }
  if (sections.size() == 1) return {prefix + "*=" + sections.front()};
  for (std::size_t i = 0; i < sections.size(); ++i) sections[i] = prefix + '*' + std::to_string(i) + "*=" + sections[i];
  return sections;
}

}  // namespace stellwerk::mail
