#include "mail/message_check.hpp"

#include <array>

#include "base/text.hpp"

namespace stellwerk::mail {
namespace {

// Fields of which RFC 5322 section 3.6 and RFC 2045 allow one. Two of them let two programs see two messages.
constexpr std::array<std::string_view, 15> single_fields{"From",
                                                         "Sender",
                                                         "Reply-To",
                                                         "To",
                                                         "Cc",
                                                         "Bcc",
                                                         "Date",
                                                         "Subject",
                                                         "Message-ID",
                                                         "In-Reply-To",
                                                         "References",
                                                         "MIME-Version",
                                                         "Content-Type",
                                                         "Content-Transfer-Encoding",
                                                         "Content-Disposition"};

message_check fault(message_fault kind, std::string detail, std::size_t received) {
  return {kind, std::move(detail), received};
}

}  // namespace

message_check check_message(const header_section& header, submission_profile profile) {
  switch (header.fault()) {
    case header_fault::none: break;
    case header_fault::too_large:
    case header_fault::too_many_fields:
      return fault(message_fault::header_too_large, std::string{to_string(header.fault())}, 0);
    case header_fault::no_header:
      if (profile == submission_profile::relay) return {};
      return fault(message_fault::missing_from, std::string{to_string(header.fault())}, 0);
    case header_fault::bad_field_name:
    case header_fault::bad_line:
    case header_fault::line_too_long:
      return fault(message_fault::malformed_header, std::string{to_string(header.fault())}, 0);
  }
  std::array<std::size_t, single_fields.size()> seen{};
  std::size_t received = 0;
  for (const header_field& field : header.fields()) {
    if (iequals(field.name, "Received")) ++received;
    for (std::size_t i = 0; i < single_fields.size(); ++i) seen[i] += iequals(field.name, single_fields[i]) ? 1U : 0U;
  }
  if (received > received_fields_max) return fault(message_fault::too_many_hops, "too many hops", received);
  for (std::size_t i = 0; i < single_fields.size(); ++i) {
    if (seen[i] > 1) {
      return fault(message_fault::duplicate_field, "more than one " + std::string{single_fields[i]} + " field",
                   received);
    }
  }
  if (profile == submission_profile::submission && seen[0] == 0) {
    return fault(message_fault::missing_from, "the From field is missing", received);
  }
  return {message_fault::none, {}, received};
}

}  // namespace stellwerk::mail
