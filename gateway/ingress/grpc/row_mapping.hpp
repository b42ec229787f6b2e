// What the store keeps, as the service shows it. Thread rule: pure.
#pragma once

#include <vector>

#include "gateway/ingress/admission.hpp"
#include "gateway/spool/rows.hpp"
#include "gateway/wire/row_mapping.hpp"
#include "stellwerk/v1/submission.pb.h"

namespace stellwerk::ingress::grpc {

using wire::fill;
using wire::set_time;
using wire::to_wire;

void fill(stellwerk::v1::RecipientState& out, const recipient_verdict& verdict);
void fill(stellwerk::v1::GetSubmissionResponse& out, const spool::message_row& message,
          const std::vector<spool::recipient_row>& recipients);

// Nothing when the row is not an event this version knows: the watcher skips it.
[[nodiscard]] bool fill(stellwerk::v1::WatchEventsResponse& out, const spool::ledger_row& row);

}  // namespace stellwerk::ingress::grpc
