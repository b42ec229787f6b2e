#include "gateway/wire/row_mapping.hpp"

#include <chrono>
#include <string>

namespace stellwerk::wire {
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
  out.set_passed_over(row.passed_over);
}

// A held recipient waits for a person, one being attempted for its answer: neither has a time.
bool has_next_time(mail::recipient_state state) {
  return !is_final(state) && state != mail::recipient_state::attempting && state != mail::recipient_state::held;
}

}  // namespace

v1::TrafficStream to_wire(mail::traffic_stream stream) {
  switch (stream) {
    case mail::traffic_stream::transactional: return v1::TRAFFIC_STREAM_TRANSACTIONAL;
    case mail::traffic_stream::marketing: return v1::TRAFFIC_STREAM_MARKETING;
  }
  return v1::TRAFFIC_STREAM_UNSPECIFIED;
}

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
  if (has_next_time(row.state)) set_time(*out.mutable_next_attempt_time(), row.due);
  for (const spool::attempt_row& attempt : row.attempts) fill(*out.add_attempts(), attempt);
}

}  // namespace stellwerk::wire
