#include "gateway/admin/queue_rows.hpp"

#include <string>

namespace stellwerk::admin {

namespace v1 = stellwerk::v1;

void fill(v1::QueuedRecipient& out, const spool::message_row& message, const spool::recipient_row& row) {
  out.set_queue_id(message.id.to_string());
  fill(*out.mutable_recipient(), row);
  out.set_traffic_stream(to_wire(message.stream));
  out.set_client(message.client);
  out.set_tenant(message.tenant);
  out.set_reverse_path(message.reverse_path);
  set_time(*out.mutable_accept_time(), message.accepted);
  set_time(*out.mutable_expire_time(), message.expires);
  out.set_size_bytes(static_cast<std::int64_t>(message.size));
}

void fill(v1::GetMessageResponse& out, const spool::message_row& message) {
  out.set_queue_id(message.id.to_string());
  out.set_client(message.client);
  out.set_tenant(message.tenant);
  out.set_ingress(mail::to_string(message.ingress));
  out.set_listener(message.listener);
  out.set_reverse_path(message.reverse_path);
  out.set_traffic_stream(to_wire(message.stream));
  out.set_stream_source(std::string{to_string(message.stream_source)});
  out.set_stream_reason(message.stream_reason);
  out.set_campaign(message.campaign);
  for (const std::string& tag : message.tags) out.add_tags(tag);
  set_time(*out.mutable_accept_time(), message.accepted);
  set_time(*out.mutable_expire_time(), message.expires);
  out.set_size_bytes(static_cast<std::int64_t>(message.size));
}

}  // namespace stellwerk::admin
