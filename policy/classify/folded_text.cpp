#include "policy/classify/folded_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace stellwerk::policy {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> entities{{{"&nbsp;", " "},
                                                                                  {"&amp;", "&"},
                                                                                  {"&lt;", "<"},
                                                                                  {"&gt;", ">"},
                                                                                  {"&quot;", "\""},
                                                                                  {"&#39;", "'"},
                                                                                  {"&apos;", "'"},
                                                                                  {"&euro;", "€"},
                                                                                  {"&auml;", "ae"},
                                                                                  {"&ouml;", "oe"},
                                                                                  {"&uuml;", "ue"},
                                                                                  {"&szlig;", "ss"},
                                                                                  {"&#228;", "ae"},
                                                                                  {"&#246;", "oe"},
                                                                                  {"&#252;", "ue"},
                                                                                  {"&#223;", "ss"},
                                                                                  {"&zwnj;", ""}}};

// UTF-8 pairs beginning with 0xc3, upper and lower case, as two letters.
std::string_view two_letters(unsigned char second) {
  switch (second) {
    case 0xa4:
    case 0x84: return "ae";
    case 0xb6:
    case 0x96: return "oe";
    case 0xbc:
    case 0x9c: return "ue";
    case 0x9f: return "ss";
    case 0xa9:
    case 0x89: return "e";
    default: return {};
  }
}

enum class octet_kind : std::uint8_t { literal, blank, lead, markup };

struct octet {
  char lower = 0;
  octet_kind kind = octet_kind::literal;
};

constexpr std::array<octet, 256> make_octets() {
  std::array<octet, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) table[c].lower = ascii_lower(static_cast<char>(c));
  for (const char c : {' ', '\t', '\r', '\n'}) table[static_cast<unsigned char>(c)].kind = octet_kind::blank;
  for (const char c : {'<', '&'}) table[static_cast<unsigned char>(c)].kind = octet_kind::markup;
  for (const std::size_t c : {0xc2U, 0xc3U}) table[c].kind = octet_kind::lead;
  return table;
}
constexpr auto octets = make_octets();

// Writes into room made once: what is folded is never longer than what it came from.
class folder {
 public:
  explicit folder(std::size_t room) : out_(room, '\0') {}
  void put(char c) {
    const octet known = octets[static_cast<unsigned char>(c)];
    if (known.kind == octet_kind::blank) {
      put_blank();
    } else if (size_ < out_.size()) {
      out_[size_++] = known.lower;
    }
  }
  void put(std::string_view text) {
    for (const char c : text) put(c);
  }
  // From `at` on as far as octets stand for themselves; returns where to go on. The inner loop of classification.
  std::size_t put_run(std::string_view text, std::size_t at, bool with_markup) {
    const std::size_t end = at + std::min(text.size() - at, out_.size() - size_);
    char* to = out_.data() + size_;
    bool blank = size_ == 0 || to[-1] == ' ';
    for (; at < end; ++at) {
      const octet known = octets[static_cast<unsigned char>(text[at])];
      if (known.kind == octet_kind::literal) {
        *to++ = known.lower;
        blank = false;
      } else if (known.kind == octet_kind::blank) {
        if (!blank) *to++ = ' ';
        blank = true;
      } else if (known.kind == octet_kind::lead || with_markup) {
        break;
      } else {
        *to++ = known.lower;
        blank = false;
      }
    }
    size_ = static_cast<std::size_t>(to - out_.data());
    return at;
  }
  std::string take() {
    out_.resize(size_);
    return std::move(out_);
  }

 private:
  void put_blank() {
    if (size_ > 0 && size_ < out_.size() && out_[size_ - 1] != ' ') out_[size_++] = ' ';
  }

  std::string out_;
  std::size_t size_ = 0;
};

// The tag at `at`: its links are kept as text, a script or style body is skipped. Returns where to go on.
std::size_t skip_tag(std::string_view text, std::size_t at, folder& out) {
  const std::size_t end = text.find('>', at);
  if (end == std::string_view::npos) return text.size();
  const std::string_view tag = text.substr(at, end - at);
  out.put(' ');
  if (const auto link = tag.find("href="); link != std::string_view::npos) {
    const std::string_view target = tag.substr(link + 5);
    for (const char c : target.substr(0, target.find(' '))) {
      if (c != '"' && c != '\'') out.put(c);
    }
    out.put(' ');
  }
  for (const std::string_view name : {std::string_view{"style"}, std::string_view{"script"}}) {
    if (!istarts_with(tag.substr(1), name)) continue;
    const auto close = text.find("</", end);
    return close == std::string_view::npos ? text.size() : close;
  }
  return end + 1;
}

}  // namespace

std::string fold_text(std::string_view text, markup kind, std::size_t octets_max) {
  text = text.substr(0, octets_max);
  folder out{text.size()};
  for (std::size_t at = 0; at < text.size();) {
    at = out.put_run(text, at, kind == markup::html);
    if (at == text.size()) break;
    const char c = text[at];
    if (kind == markup::html && c == '<') {
      at = skip_tag(text, at, out);
      continue;
    }
    if (kind == markup::html && c == '&') {
      bool resolved = false;
      for (const auto& [name, value] : entities) {
        if (!istarts_with(text.substr(at, name.size()), name)) continue;
        out.put(value);
        at += name.size();
        resolved = true;
        break;
      }
      if (resolved) continue;
    }
    if (static_cast<unsigned char>(c) == 0xc3 && at + 1 < text.size()) {
      const std::string_view letters = two_letters(static_cast<unsigned char>(text[at + 1]));
      if (!letters.empty()) {
        out.put(letters);
        at += 2;
        continue;
      }
    }
    if (static_cast<unsigned char>(c) == 0xc2 && at + 1 < text.size() &&
        static_cast<unsigned char>(text[at + 1]) == 0xa0) {
      out.put(' ');
      at += 2;
      continue;
    }
    out.put(c);
    ++at;
  }
  return out.take();
}

}  // namespace stellwerk::policy
