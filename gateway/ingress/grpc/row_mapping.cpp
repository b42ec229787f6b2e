#include "gateway/ingress/grpc/row_mapping.hpp"

#include <string>

#include "gateway/events/ledger_event.hpp"

namespace stellwerk::ingress::grpc {
namespace {

namespace v1 = stellwerk::v1;

v1::Event::Kind to_wire(events::event_kind kind) {
  switch (kind) {
    case events::event_kind::accepted: return v1::Event::KIND_ACCEPTED;
    case events::event_kind::attempt: return v1::Event::KIND_ATTEMPT;
    case events::event_kind::disposition: return v1::Event::KIND_DISPOSITION;
    case events::event_kind::state: return v1::Event::KIND_STATE;
  }
  return v1::Event::KIND_UNSPECIFIED;
}

}  // namespace

void fill(v1::RecipientState& out, const recipient_verdict& verdict) {
  out.set_recipient(verdict.address);
  out.set_state(to_wire(verdict.state));
  out.set_enhanced_status(verdict.enhanced_status);
  out.set_reason(verdict.reason);
}

void fill(v1::GetSubmissionResponse& out, const spool::message_row& message,
          const std::vector<spool::recipient_row>& recipients) {
  out.set_queue_id(message.id.to_string());
  out.set_traffic_stream(to_wire(message.stream));
  out.set_stream_reason(message.stream_reason);
  set_time(*out.mutable_accept_time(), message.accepted);
  set_time(*out.mutable_expire_time(), message.expires);
  for (const spool::recipient_row& row : recipients) fill(*out.add_recipients(), row);
}

bool fill(v1::WatchEventsResponse& out, const spool::ledger_row& row) {
  const auto event = events::decode(row.payload);
  if (!event) return false;
  out.set_cursor(std::to_string(row.sequence));
  v1::Event& shown = *out.mutable_event();
  shown.set_kind(to_wire(event->kind));
  set_time(*shown.mutable_time(), event->at);
  shown.set_queue_id(event->message.to_string());
  shown.set_recipient(event->recipient);
  if (const auto stream = mail::parse_traffic_stream(event->stream)) shown.set_traffic_stream(to_wire(*stream));
  shown.set_stream_reason(event->stream_reason);
  if (const auto state = mail::parse_recipient_state(event->state)) shown.set_state(to_wire(*state));
  shown.set_reason(event->reason);
  shown.set_attempt_id(event->attempt_id);
  shown.set_destination(event->destination);
  shown.set_route(event->route);
  shown.set_outcome(event->outcome);
  shown.set_enhanced_status(event->enhanced_status);
  shown.set_reply(event->reply);
  shown.set_vendor_message_id(event->vendor_message_id);
  shown.set_campaign(event->campaign);
  return true;
}

}  // namespace stellwerk::ingress::grpc
