#include "mail/address.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include <idn2.h>

#include "base/text.hpp"

namespace stellwerk::mail {
namespace {

class fault_category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "stellwerk.mail.address"; }
  std::string message(int value) const override { return std::string{to_string(static_cast<address_fault>(value))}; }
};

const fault_category& category() noexcept {
  static const fault_category instance;
  return instance;
}

error fault(address_fault code) { return {make_error_code(code), "address.parse"}; }

constexpr bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr std::array<bool, 256> make_atext() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 256; ++c) table[c] = c >= 0x80 || is_alnum(static_cast<char>(c));
  for (const char c : std::string_view{"!#$%&'*+-/=?^_`{|}~"}) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr auto atext = make_atext();  // RFC 5322 atext, and UTF8-non-ascii of RFC 6531

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Length of the quoted-string that `text` begins with, quotes included; 0 if it never closes or holds what may not be
// quoted. REQUIRES text[0] == '"'.
std::size_t quoted_length(std::string_view text) {
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\' && ++at == text.size()) return 0;
    if (is_control(text[at])) return 0;
  }
  return 0;
}

// Length of the dot-string (atoms joined by single dots) that `text` begins with; 0 if there is none.
std::size_t dot_string_length(std::string_view text) {
  std::size_t at = 0;
  for (bool after_dot = true; at < text.size(); ++at) {
    const bool dot = text[at] == '.';
    if (dot ? after_dot : !atext[static_cast<unsigned char>(text[at])]) {
      if (dot) return 0;
      break;
    }
    after_dot = dot;
  }
  return at == 0 || text[at - 1] == '.' ? 0 : at;
}

// A last label that an inet_aton would read as a number ("1", "0x7f") makes the whole name an address in disguise.
bool looks_numeric(std::string_view label) {
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (label.starts_with("0x")) return std::all_of(label.begin() + 2, label.end(), is_hex);
  return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Letter-digit-hyphen labels of 1 to 63 octets. REQUIRES lower case.
bool is_host_name(std::string_view name) {
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= name.size(); ++at) {
    if (at < name.size() && name[at] != '.') {
      if (!is_alnum(name[at]) && name[at] != '-') return false;
      continue;
    }
    const std::string_view label = name.substr(begin, at - begin);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (at == name.size()) return !looks_numeric(label);
    begin = at + 1;
  }
  return false;
}

// What can never be part of any domain: a sign that the text holds more than one address.
bool has_foreign_characters(std::string_view domain) {
  return std::any_of(domain.begin(), domain.end(), [](char c) {
    return is_control(c) || c == ' ' || c == ',' || c == ';' || c == '@' || c == '<' || c == '>' || c == '"' ||
           c == '\\';
  });
}

std::optional<std::string> a_label(std::string_view utf8) {
  const std::string input{utf8};
  std::uint8_t* raw = nullptr;
  const int code =
      idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(input.c_str()), &raw, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<std::uint8_t, decltype(&idn2_free)> owner{raw, &idn2_free};
  if (code != IDN2_OK || raw == nullptr) return std::nullopt;
  return ascii_lower(reinterpret_cast<const char*>(raw));
}

// "@a,@b:user@c" -> "user@c"; nullopt if the route is malformed.
std::optional<std::string_view> without_source_route(std::string_view path) {
  if (path.empty() || path.front() != '@') return path;
  const auto colon = path.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  for (const std::string_view hop : split(path.substr(0, colon), ',')) {
    if (hop.size() < 2 || hop.front() != '@' || !normalise_domain(hop.substr(1))) return std::nullopt;
  }
  return path.substr(colon + 1);
}

result<address> parse_mailbox(std::string_view text) {
  if (text.empty()) return fault(address_fault::bad_syntax);
  const std::size_t length = text.front() == '"' ? quoted_length(text) : dot_string_length(text);
  if (length == 0 || length == text.size() || text[length] != '@') return fault(address_fault::bad_syntax);
  if (length > local_part_octets_max) return fault(address_fault::too_long);
  auto domain = normalise_domain(text.substr(length + 1));
  if (!domain) return domain.error();
  if (length + 1 + domain->size() + 2 > path_octets_max) return fault(address_fault::too_long);
  return address{std::string{text.substr(0, length)}, std::move(*domain)};
}

}  // namespace

std::string_view to_string(address_fault fault) {
  switch (fault) {
    case address_fault::none: return "no fault";
    case address_fault::too_long: return "address too long";
    case address_fault::bad_syntax: return "bad address syntax";
    case address_fault::bad_domain: return "bad domain in address";
    case address_fault::needs_smtputf8: return "address is not ASCII";
  }
  return "no fault";
}

boost::system::error_code make_error_code(address_fault fault) noexcept {
  return {static_cast<int>(fault), category()};
}

address_fault fault_of(const error& failure) noexcept {
  if (failure.code.category() != category()) return address_fault::none;
  return static_cast<address_fault>(failure.code.value());
}

std::string address::to_string() const {
  if (empty()) return {};
  std::string text;
  text.reserve(local.size() + 1 + domain.size());
  text.append(local).append(1, '@').append(domain);
  return text;
}

result<std::string> normalise_domain(std::string_view text) {
  if (text.size() > domain_octets_max) return fault(address_fault::too_long);
  if (has_foreign_characters(text)) return fault(address_fault::bad_syntax);
  if (is_ascii(text)) {
    std::string name = ascii_lower(text);
    if (!is_host_name(name)) return fault(address_fault::bad_domain);
    return name;
  }
  if (!is_valid_utf8(text)) return fault(address_fault::bad_syntax);
  auto name = a_label(text);
  // Mapping can turn full-width signs into ASCII ones, so the result is judged like any other name.
  if (!name || name->size() > domain_octets_max || !is_host_name(*name)) return fault(address_fault::bad_domain);
  return std::move(*name);
}

result<address> parse_address(std::string_view text) {
  if (text.size() + 2 > path_octets_max) return fault(address_fault::too_long);
  if (!is_valid_utf8(text)) return fault(address_fault::bad_syntax);
  return parse_mailbox(text);
}

result<address> parse_path(std::string_view inside_brackets, utf8_rule utf8) {
  if (inside_brackets.size() + 2 > path_octets_max) return fault(address_fault::too_long);
  if (!is_ascii(inside_brackets)) {
    if (!is_valid_utf8(inside_brackets)) return fault(address_fault::bad_syntax);
    if (utf8 == utf8_rule::refused) return fault(address_fault::needs_smtputf8);
  }
  const auto mailbox = without_source_route(inside_brackets);
  if (!mailbox) return fault(address_fault::bad_syntax);
  return parse_mailbox(*mailbox);
}

bool needs_smtputf8(const address& subject) { return !is_ascii(subject.local); }

}  // namespace stellwerk::mail
