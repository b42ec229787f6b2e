#include "gateway/ingress/grpc/row_mapping.hpp"

#include <chrono>
#include <string>

#include "gateway/events/ledger_event.hpp"

namespace stellwerk::ingress::grpc {
namespace {

namespace v1 = stellwerk::v1;

void fill(v1::Attempt& out, const spool::attempt_row& row) {
  out.set_attempt_id(row.attempt_id);
  out.set_destination(row.destination);
  set_time(*out.mutable_start_time(), row.started);
  set_time(*out.mutable_end_time(), row.ended);
  out.set_outcome(std::string{to_string(row.outcome)});
  out.set_reply(row.reply);
  out.set_vendor_message_id(row.vendor_message_id);
  out.set_route(row.route);
  out.set_policy_version(row.policy_version);
}

bool is_waiting(mail::recipient_state state) {
  return !is_final(state) && state != mail::recipient_state::attempting && state != mail::recipient_state::held;
}

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

v1::TrafficStream to_wire(mail::traffic_stream stream) {
  switch (stream) {
    case mail::traffic_stream::transactional: return v1::TRAFFIC_STREAM_TRANSACTIONAL;
    case mail::traffic_stream::marketing: return v1::TRAFFIC_STREAM_MARKETING;
  }
  return v1::TRAFFIC_STREAM_UNSPECIFIED;
}

// The numbers are the same by contract (mail/recipient_state.hpp); a test compares the names.
v1::RecipientState::State to_wire(mail::recipient_state state) { return static_cast<v1::RecipientState::State>(state); }

void set_time(google::protobuf::Timestamp& out, time_point at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  out.set_seconds(seconds.time_since_epoch().count());
  out.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds{at - seconds}.count()));
}

void fill(v1::RecipientState& out, const spool::recipient_row& row) {
  out.set_recipient(row.address);
  out.set_state(to_wire(row.state));
  out.set_enhanced_status(row.enhanced_status);
  out.set_reason(row.reason);
  if (is_waiting(row.state)) set_time(*out.mutable_next_attempt_time(), row.due);
  for (const spool::attempt_row& attempt : row.attempts) fill(*out.add_attempts(), attempt);
}

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
