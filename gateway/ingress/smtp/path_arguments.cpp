#include "gateway/ingress/smtp/path_arguments.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "gateway/ingress/smtp/replies.hpp"
#include "mail/address.hpp"

namespace stellwerk::ingress::smtp {
namespace {

constexpr std::size_t envelope_id_octets_max = 100;         // RFC 3461 section 4.4
constexpr std::size_t original_recipient_octets_max = 500;  // RFC 3461 section 4.2
constexpr std::size_t size_digits_max = 20;                 // RFC 1870 section 4

struct path_and_rest {
  std::string_view inside;  // of the angle brackets
  std::string_view parameters;
};

// Behind the closing bracket, respecting a quoted local part; npos if there is none.
std::size_t end_of_path(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == '>' && !quoted) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// Blanks behind the colon are tolerated: common in the mail libraries of old applications, and harmless.
std::optional<path_and_rest> split_path(std::string_view argument, std::string_view keyword) {
  if (!istarts_with(argument, keyword)) return std::nullopt;
  const std::string_view text = trim(argument.substr(keyword.size()));
  if (!text.starts_with('<')) return std::nullopt;
  const std::size_t end = end_of_path(text);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(end);
  if (!rest.empty() && rest.front() != ' ') return std::nullopt;
  const std::string_view parameters = trim(rest);
  // A second path is a second address, not a parameter.
  if (parameters.starts_with('<')) return std::nullopt;
  return path_and_rest{text.substr(1, end - 2), parameters};
}

fault_reply reply_of(const error& failure) {
  switch (mail::fault_of(failure)) {
    case mail::address_fault::bad_domain: return replies::bad_domain;
    case mail::address_fault::needs_smtputf8: return replies::needs_smtputf8;
    case mail::address_fault::none:
    case mail::address_fault::too_long:
    case mail::address_fault::bad_syntax: break;
  }
  return replies::bad_path;
}

bool is_upper_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); }

// RFC 3461 section 4: printable ASCII without + and =, or + and two hexadecimal digits.
bool is_xtext(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c < '!' || c > '~' || c == '=') return false;
    if (c != '+') continue;
    if (i + 2 >= text.size() || !is_upper_hex(text[i + 1]) || !is_upper_hex(text[i + 2])) return false;
    i += 2;
  }
  return true;
}

struct parameter {
  std::string_view name;
  std::optional<std::string_view> value;  // none: no '='
};

// Calls `take` for each; stops at the first reply.
template <class Take>
fault_reply for_each_parameter(std::string_view text, Take take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view one = text.substr(0, end);
    text = trim(text.substr(end));
    const std::size_t equals = one.find('=');
    parameter found{one.substr(0, equals), std::nullopt};
    if (equals != std::string_view::npos) found.value = one.substr(equals + 1);
    if (const fault_reply fault = take(found); !fault.empty()) return fault;
  }
  return {};
}

// Which parameters stood there already: each may stand once.
class seen_once {
 public:
  [[nodiscard]] bool again(unsigned bit) {
    const bool before = (bits_ >> bit & 1U) != 0;
    bits_ |= 1U << bit;
    return before;
  }

 private:
  unsigned bits_ = 0;
};

fault_reply take_size(const parameter& given, mail_arguments& into) {
  if (!given.value || given.value->empty() || given.value->size() > size_digits_max) return replies::bad_parameter;
  if (given.value->find_first_not_of("0123456789") != std::string_view::npos) return replies::bad_parameter;
  // Twenty digits may still not fit: larger than any limit.
  into.size = parse_decimal(*given.value).value_or(~std::uint64_t{0});
  return {};
}

fault_reply take_body(const parameter& given, mail_arguments& into) {
  if (!given.value) return replies::bad_parameter;
  if (iequals(*given.value, "8BITMIME")) {
    into.body_8bitmime = true;
    return {};
  }
  return iequals(*given.value, "7BIT") ? fault_reply{} : replies::bad_parameter;
}

fault_reply take_ret(const parameter& given, mail_arguments& into) {
  if (!given.value) return replies::bad_parameter;
  into.return_full = iequals(*given.value, "FULL");
  return into.return_full || iequals(*given.value, "HDRS") ? fault_reply{} : replies::bad_parameter;
}

fault_reply take_envid(const parameter& given, mail_arguments& into) {
  if (!given.value || given.value->empty() || given.value->size() > envelope_id_octets_max || !is_xtext(*given.value))
    return replies::bad_parameter;
  into.envelope_id = *given.value;
  return {};
}

fault_reply take_smtputf8(const parameter& given, mail_arguments& into) {
  if (given.value) return replies::bad_parameter;
  into.smtputf8 = true;
  return {};
}

// Who the message is claimed to come from (RFC 4954 section 5): we trust nobody's claim, so it is read and dropped.
fault_reply take_auth(const parameter& given, mail_arguments& /*into*/) {
  return given.value && !given.value->empty() ? fault_reply{} : replies::bad_parameter;
}

struct mail_parameter {
  std::string_view name;
  fault_reply (*take)(const parameter& given, mail_arguments& into);
};
constexpr std::array<mail_parameter, 6> mail_parameters{{{"SIZE", take_size},
                                                         {"BODY", take_body},
                                                         {"SMTPUTF8", take_smtputf8},
                                                         {"AUTH", take_auth},
                                                         {"RET", take_ret},
                                                         {"ENVID", take_envid}}};

fault_reply take_notify(const parameter& given, mail::dsn_request& into) {
  if (!given.value || given.value->empty()) return replies::bad_parameter;
  into.on_failure = into.on_delay = false;
  const auto words = split(*given.value, ',');
  for (const std::string_view word : words) {
    if (iequals(word, "NEVER")) {
      into.never = true;
    } else if (iequals(word, "SUCCESS")) {
      into.on_success = true;
    } else if (iequals(word, "FAILURE")) {
      into.on_failure = true;
    } else if (iequals(word, "DELAY")) {
      into.on_delay = true;
    } else {
      return replies::bad_parameter;
    }
  }
  return into.never && words.size() > 1 ? replies::bad_parameter : fault_reply{};
}

fault_reply take_orcpt(const parameter& given, mail::dsn_request& into) {
  if (!given.value || given.value->size() > original_recipient_octets_max) return replies::bad_parameter;
  const std::size_t semicolon = given.value->find(';');
  if (semicolon == std::string_view::npos || semicolon == 0 || semicolon + 1 == given.value->size())
    return replies::bad_parameter;
  if (!is_xtext(given.value->substr(0, semicolon)) || !is_xtext(given.value->substr(semicolon + 1)))
    return replies::bad_parameter;
  into.original_recipient = *given.value;
  return {};
}

fault_reply take_mail_parameter(const parameter& given, seen_once& seen, mail_arguments& into) {
  for (unsigned i = 0; i < mail_parameters.size(); ++i) {
    if (!iequals(given.name, mail_parameters[i].name)) continue;
    return seen.again(i) ? replies::bad_parameter : mail_parameters[i].take(given, into);
  }
  return replies::unknown_parameter;
}

fault_reply take_rcpt_parameter(const parameter& given, seen_once& seen, mail::dsn_request& into) {
  if (iequals(given.name, "NOTIFY")) return seen.again(0) ? replies::bad_parameter : take_notify(given, into);
  if (iequals(given.name, "ORCPT")) return seen.again(1) ? replies::bad_parameter : take_orcpt(given, into);
  return replies::unknown_parameter;
}

}  // namespace

std::variant<mail_arguments, fault_reply> parse_mail_arguments(std::string_view argument) {
  const auto parts = split_path(argument, "FROM:");
  if (!parts) return replies::bad_path;
  mail_arguments out;
  seen_once seen;
  const fault_reply fault = for_each_parameter(
      parts->parameters, [&](const parameter& given) { return take_mail_parameter(given, seen, out); });
  if (!fault.empty()) return fault;
  if (parts->inside.empty()) return out;  // the null reverse path
  const auto utf8 = out.smtputf8 ? mail::utf8_rule::allowed : mail::utf8_rule::refused;
  const auto address = mail::parse_path(parts->inside, utf8);
  if (!address) return reply_of(address.error());
  out.reverse_path = address->to_string();
  return out;
}

std::variant<mail::envelope_recipient, fault_reply> parse_rcpt_arguments(std::string_view argument, bool smtputf8,
                                                                         std::string_view own_domain) {
  const auto parts = split_path(argument, "TO:");
  if (!parts) return replies::bad_path;
  mail::envelope_recipient out;
  seen_once seen;
  const fault_reply fault = for_each_parameter(
      parts->parameters, [&](const parameter& given) { return take_rcpt_parameter(given, seen, out.dsn); });
  if (!fault.empty()) return fault;
  const auto utf8 = smtputf8 ? mail::utf8_rule::allowed : mail::utf8_rule::refused;
  std::string path{parts->inside};
  if (iequals(path, "postmaster")) path.append("@").append(own_domain);
  const auto address = mail::parse_path(path, utf8);
  if (!address) return reply_of(address.error());
  out.address = address->to_string();
  return out;
}

}  // namespace stellwerk::ingress::smtp
