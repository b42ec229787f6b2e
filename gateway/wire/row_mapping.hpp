// What the store keeps of a recipient, as every service shows it: the submission service to clients, the admin services
// to operators. Thread rule: pure.
#pragma once

#include "base/clock.hpp"
#include "gateway/spool/rows.hpp"
#include "stellwerk/v1/submission.pb.h"

namespace stellwerk::wire {

[[nodiscard]] stellwerk::v1::TrafficStream to_wire(mail::traffic_stream stream);
// The numbers are the same by contract (mail/recipient_state.hpp); a test compares the names.
[[nodiscard]] stellwerk::v1::RecipientState::State to_wire(mail::recipient_state state);
void set_time(google::protobuf::Timestamp& out, time_point at);

// With its attempts.
void fill(stellwerk::v1::RecipientState& out, const spool::recipient_row& row);

}  // namespace stellwerk::wire
