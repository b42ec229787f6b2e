#include "policy/facts.hpp"

#include "base/text.hpp"
#include "mail/mailbox_provider.hpp"
#include "mail/message_text.hpp"

namespace stellwerk::policy {
namespace {

struct address_parts {
  std::string_view local;
  std::string_view domain;
};

address_parts parts_of(std::string_view address) {
  const auto at = address.rfind('@');
  if (at == std::string_view::npos) return {address, {}};
  return {address.substr(0, at), address.substr(at + 1)};
}

// Everything but what the analysis of the content gives.
message_facts facts_of_submission(const mail::submission& submission, const mail::header_section& header,
                                  const mail::message_features& features) {
  message_facts out;
  out.client = submission.client;
  out.tenant = submission.tenant;
  out.ingress = mail::to_string(submission.ingress);
  out.listener = submission.listener;
  out.reverse_path = submission.envelope.reverse_path;
  out.campaign = submission.campaign;
  out.template_name = submission.template_name;
  out.header = &header;
  out.features = &features;
  out.tags = &submission.tags;
  out.metadata = &submission.metadata;
  out.size = submission.content ? submission.content->size() : 0;
  out.recipients = submission.envelope.recipients.size();
  if (submission.send_at) out.accepted_at = *submission.send_at;
  return out;
}

}  // namespace

message_facts make_message_facts(const mail::submission& submission, const mail::header_section& header,
                                 const mail::message_features& features) {
  message_facts out = facts_of_submission(submission, header, features);
  if (!features.from.empty()) {
    out.header_from = features.from.front();
    out.header_from_domain = parts_of(out.header_from).domain;
  }
  out.subject = mail::decoded_field(header, "subject");
  std::string message_id = mail::unfold(header.first("message-id").value_or(""));
  if (message_id.size() >= 2 && message_id.front() == '<' && message_id.back() == '>') {
    message_id = message_id.substr(1, message_id.size() - 2);
  }
  out.message_id = std::move(message_id);
  return out;
}

message_facts make_message_facts(const mail::submission& submission, const mail::analysed_message& analysed) {
  message_facts out = facts_of_submission(submission, analysed.header, analysed.features);
  out.header_from = analysed.header_from;
  out.header_from_domain = analysed.header_from_domain;
  out.subject = analysed.subject;
  out.message_id = analysed.message_id;
  return out;
}

facts make_facts(const message_facts& message, mail::traffic_stream stream, std::string_view recipient) {
  facts out;
  out.message = &message;
  out.stream = stream;
  out.recipient = recipient;
  const address_parts parts = parts_of(recipient);
  out.recipient_local = parts.local;
  out.recipient_domain = parts.domain;
  out.mailbox_provider = mail::mailbox_provider_of(parts.domain);
  return out;
}

}  // namespace stellwerk::policy
