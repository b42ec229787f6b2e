#include "gateway/ingress/grpc/submission_fingerprint.hpp"

#include <map>
#include <string>

namespace stellwerk::ingress::grpc {
namespace {

namespace v1 = stellwerk::v1;

// Present and empty is not absent.
template <class Message>
void add_time(fingerprint_builder& builder, bool present, const Message& value) {
  builder.add(std::uint64_t{present ? 1U : 0U});
  builder.add(static_cast<std::uint64_t>(value.seconds())).add(static_cast<std::uint64_t>(value.nanos()));
}

void add_mailbox(fingerprint_builder& builder, const v1::Mailbox& one) {
  builder.add(one.display_name()).add(one.address());
}

void add_mailboxes(fingerprint_builder& builder, const google::protobuf::RepeatedPtrField<v1::Mailbox>& all) {
  builder.add(static_cast<std::uint64_t>(all.size()));
  for (const v1::Mailbox& one : all) add_mailbox(builder, one);
}

void add_email(fingerprint_builder& builder, const v1::Email& email) {
  add_mailbox(builder, email.from());
  for (const auto* list : {&email.to(), &email.cc(), &email.bcc(), &email.reply_to()}) add_mailboxes(builder, *list);
  builder.add(email.subject()).add(email.text()).add(email.html());
  builder.add(static_cast<std::uint64_t>(email.attachments_size()));
  for (const v1::Attachment& one : email.attachments())
    builder.add(one.filename()).add(one.content_type()).add(one.content()).add(one.content_id());
  builder.add(static_cast<std::uint64_t>(email.headers_size()));
  for (const v1::HeaderField& one : email.headers()) builder.add(one.name()).add(one.value());
}

}  // namespace

fingerprint fingerprint_of_grpc(const v1::Submission& request) {
  fingerprint_builder builder;
  builder.add("grpc");
  builder.add(std::uint64_t{request.has_envelope() ? 1U : 0U}).add(request.envelope().reverse_path());
  builder.add(static_cast<std::uint64_t>(request.envelope().recipients_size()));
  for (const std::string& one : request.envelope().recipients()) builder.add(one);
  builder.add(static_cast<std::uint64_t>(request.content_case()));
  if (request.has_raw()) builder.add(request.raw());
  if (request.has_email()) add_email(builder, request.email());
  builder.add(static_cast<std::uint64_t>(request.traffic_stream())).add(request.campaign());
  builder.add(static_cast<std::uint64_t>(request.tags_size()));
  for (const std::string& one : request.tags()) builder.add(one);
  const std::map<std::string, std::string> sorted{request.metadata().begin(), request.metadata().end()};
  builder.add(static_cast<std::uint64_t>(sorted.size()));
  for (const auto& [key, value] : sorted) builder.add(key).add(value);
  add_time(builder, request.has_send_at(), request.send_at());
  add_time(builder, request.has_lifetime(), request.lifetime());
  builder.add(std::uint64_t{request.dsn() ? 1U : 0U});
  return builder.finish();
}

}  // namespace stellwerk::ingress::grpc
