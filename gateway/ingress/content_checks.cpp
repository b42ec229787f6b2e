#include "gateway/ingress/content_checks.hpp"

#include "mail/address_list.hpp"
#include "mail/address_pattern.hpp"
#include "mail/received_field.hpp"

namespace stellwerk::ingress {
namespace {

refusal_kind kind_of(mail::message_fault fault) {
  switch (fault) {
    case mail::message_fault::header_too_large: return refusal_kind::too_large;
    case mail::message_fault::too_many_hops: return refusal_kind::loop;
    case mail::message_fault::none:
    case mail::message_fault::malformed_header:
    case mail::message_fault::duplicate_field:
    case mail::message_fault::missing_from: break;
  }
  return refusal_kind::malformed;
}

refusal make_refusal(refusal_kind kind, std::string text, std::string field = {}) {
  refusal out;
  out.kind = kind;
  out.text = std::move(text);
  out.field = std::move(field);
  return out;
}

}  // namespace

std::optional<refusal> check_header(const mail::header_section& header, mail::submission_profile profile,
                                    std::string_view node) {
  const mail::message_check check = mail::check_message(header, profile);
  if (!check.ok()) return make_refusal(kind_of(check.fault), check.detail);
  if (check.received >= own_received_max && mail::count_received_by(header, node) >= own_received_max)
    return make_refusal(refusal_kind::loop, "the message has passed here too often");
  return std::nullopt;
}

std::optional<refusal> check_header_from(const mail::header_section& header, const client_config& client) {
  if (client.senders.empty()) return std::nullopt;
  const auto from = header.first("From");
  if (!from) return std::nullopt;
  std::size_t rejected = 0;
  const auto mailboxes = mail::parse_address_list(*from, &rejected);
  if (rejected > 0 || mailboxes.empty())
    return make_refusal(refusal_kind::sender_not_allowed, "the From field holds no address that can be checked",
                        "From");
  for (const mail::mailbox& one : mailboxes) {
    if (!mail::address_allowed(client.senders, one.address.to_string()))
      return make_refusal(refusal_kind::sender_not_allowed, "you may not send with the address in From", "From");
  }
  return std::nullopt;
}

}  // namespace stellwerk::ingress
