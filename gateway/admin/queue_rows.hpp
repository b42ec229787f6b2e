// What the store keeps of queued mail, as the admin services show it. Thread rule: pure.
#pragma once

#include "base/clock.hpp"
#include "gateway/spool/rows.hpp"
#include "stellwerk/v1/admin.pb.h"

namespace stellwerk::admin {

[[nodiscard]] stellwerk::v1::TrafficStream to_wire(mail::traffic_stream stream);
void set_time(google::protobuf::Timestamp& out, time_point at);

void fill(stellwerk::v1::RecipientState& out, const spool::recipient_row& row);
void fill(stellwerk::v1::QueuedRecipient& out, const spool::message_row& message, const spool::recipient_row& row);
void fill(stellwerk::v1::GetMessageResponse& out, const spool::message_row& message);  // without recipients

}  // namespace stellwerk::admin
