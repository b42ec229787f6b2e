#include "gateway/ingress/grpc/email_mapping.hpp"

#include <utility>

#include "gateway/ingress/grpc/submission_mapping.hpp"
#include "mail/address.hpp"

namespace stellwerk::ingress::grpc {
namespace {

namespace v1 = stellwerk::v1;
using wire_mailboxes = google::protobuf::RepeatedPtrField<v1::Mailbox>;

mail::email_mailbox map_mailbox(v1::Mailbox& one) {
  return {std::move(*one.mutable_display_name()), std::move(*one.mutable_address())};
}

std::vector<mail::email_mailbox> map_mailboxes(wire_mailboxes& all) {
  std::vector<mail::email_mailbox> out;
  out.reserve(static_cast<std::size_t>(all.size()));
  for (v1::Mailbox& one : all) out.push_back(map_mailbox(one));
  return out;
}

}  // namespace

mail::email map_email(v1::Email& request) {
  mail::email out;
  out.from = map_mailbox(*request.mutable_from());
  out.to = map_mailboxes(*request.mutable_to());
  out.cc = map_mailboxes(*request.mutable_cc());
  out.bcc = map_mailboxes(*request.mutable_bcc());
  out.reply_to = map_mailboxes(*request.mutable_reply_to());
  out.subject = std::move(*request.mutable_subject());
  out.text = std::move(*request.mutable_text());
  out.html = std::move(*request.mutable_html());
  for (v1::Attachment& one : *request.mutable_attachments()) {
    out.attachments.push_back({std::move(*one.mutable_filename()), std::move(*one.mutable_content_type()),
                               std::move(*one.mutable_content()), std::move(*one.mutable_content_id())});
  }
  for (v1::HeaderField& one : *request.mutable_headers())
    out.headers.emplace_back(std::move(*one.mutable_name()), std::move(*one.mutable_value()));
  return out;
}

std::vector<mail::field_fault> faults_of_numbers(const v1::Email& request) {
  const std::pair<const char*, int> numbers[] = {
      {"email.to", request.to_size()},
      {"email.cc", request.cc_size()},
      {"email.bcc", request.bcc_size()},
      {"email.reply_to", request.reply_to_size()},
      {"email.attachments", request.attachments_size()},
      {"email.headers", request.headers_size()},
  };
  std::vector<mail::field_fault> faults;
  for (const auto& [path, number] : numbers) {
    if (static_cast<std::size_t>(number) > email_fields_max) faults.push_back({path, "has more than 1000 entries"});
  }
  return faults;
}

std::vector<mail::envelope_recipient> recipients_of(const mail::email& message) {
  std::vector<mail::envelope_recipient> out;
  for (const auto* list : {&message.to, &message.cc, &message.bcc}) {
    for (const mail::email_mailbox& one : *list) {
      if (const auto parsed = mail::parse_address(one.address)) out.push_back({parsed->to_string(), {}});
    }
  }
  return out;
}

}  // namespace stellwerk::ingress::grpc
