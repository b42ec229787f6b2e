// What the store keeps of queued mail, as the admin services show it. Thread rule: pure.
#pragma once

#include "gateway/spool/rows.hpp"
#include "gateway/wire/row_mapping.hpp"
#include "stellwerk/v1/admin.pb.h"

namespace stellwerk::admin {

using wire::fill;
using wire::set_time;
using wire::to_wire;

void fill(stellwerk::v1::QueuedRecipient& out, const spool::message_row& message, const spool::recipient_row& row);
void fill(stellwerk::v1::GetMessageResponse& out, const spool::message_row& message);  // without recipients

}  // namespace stellwerk::admin
