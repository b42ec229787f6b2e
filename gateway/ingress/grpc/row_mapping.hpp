// What the store keeps, as the service shows it. Thread rule: pure.
#pragma once

#include <vector>

#include "gateway/ingress/admission.hpp"
#include "gateway/spool/rows.hpp"
#include "stellwerk/v1/submission.pb.h"

namespace stellwerk::ingress::grpc {

[[nodiscard]] stellwerk::v1::TrafficStream to_wire(mail::traffic_stream stream);
[[nodiscard]] stellwerk::v1::RecipientState::State to_wire(mail::recipient_state state);
void set_time(google::protobuf::Timestamp& out, time_point at);

void fill(stellwerk::v1::RecipientState& out, const spool::recipient_row& row);
void fill(stellwerk::v1::RecipientState& out, const recipient_verdict& verdict);
void fill(stellwerk::v1::GetSubmissionResponse& out, const spool::message_row& message,
          const std::vector<spool::recipient_row>& recipients);

// Nothing when the row is not an event this version knows: the watcher skips it.
[[nodiscard]] bool fill(stellwerk::v1::WatchEventsResponse& out, const spool::ledger_row& row);

}  // namespace stellwerk::ingress::grpc
