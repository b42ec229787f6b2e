#include "mail/received_field.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "mail/header_writer.hpp"

namespace stellwerk::mail {
namespace {

// What may stand in a domain or an address literal; the rest of a foreign name becomes '?'.
std::string safe_name(std::string_view foreign) {
  constexpr std::size_t octets_max = 255;
  std::string name{foreign.substr(0, octets_max)};
  for (char& c : name) {
    const bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      std::string_view{".-_:[]"}.find(c) != std::string_view::npos;
    if (!good) c = '?';
  }
  return name.empty() ? "unknown" : name;
}

std::string address_literal(std::string_view address) {
  const bool v6 = address.find(':') != std::string_view::npos;
  return (v6 ? "[IPv6:" : "[") + safe_name(address) + ']';
}

}  // namespace

std::string_view protocol_name(const smtp_traits& traits) {
  constexpr std::array<std::string_view, 4> ascii{"ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA"};
  constexpr std::array<std::string_view, 4> utf8{"UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS", "UTF8SMTPSA"};
  if (!traits.extended) return "SMTP";
  const std::size_t index = (traits.tls ? 2U : 0U) + (traits.authenticated ? 1U : 0U);
  return traits.smtputf8 ? utf8[index] : ascii[index];
}

std::string build_received_field(const received_stamp& stamp) {
  std::string value;
  if (!stamp.helo.empty()) {
    value = "from " + safe_name(stamp.helo);
    if (!stamp.peer_address.empty()) value += " (" + address_literal(stamp.peer_address) + ')';
    value += ' ';
  } else if (!stamp.client.empty()) {
    value = "from " + safe_name(stamp.client) + ' ';
  }
  value += "by " + safe_name(stamp.by) + " with " + stamp.protocol + " id " + stamp.id;
  if (!stamp.only_recipient.empty()) value += " for <" + stamp.only_recipient + '>';
  value += "; " + to_rfc5322(stamp.at);
  std::string field;
  append_folded_field(field, "Received", value);
  return field;
}

std::size_t count_received_by(const header_section& header, std::string_view node) {
  const std::string name = safe_name(node);
  std::size_t count = 0;
  for (const std::string_view raw : header.all("Received")) {
    std::string text = unfold(raw);
    std::replace(text.begin(), text.end(), '\t', ' ');
    bool after_by = false;
    for (std::string_view word : split(text, ' ')) {
      if (word.empty()) continue;
      if (word.ends_with(';')) word.remove_suffix(1);
      if (after_by && iequals(word, name)) {
        ++count;
        break;
      }
      after_by = iequals(word, "by");
    }
  }
  return count;
}

}  // namespace stellwerk::mail
