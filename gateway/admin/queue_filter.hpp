// Which queued recipients an operator means: the filter of lists and of orders, read and asked.
//
// What the store can filter by it does; destination and reason are looked at row by row. Thread rule: pure, but for the
// pages, which block: readers only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "gateway/admin/connect_call.hpp"
#include "gateway/spool/spool.hpp"
#include "stellwerk/v1/admin.pb.h"

namespace stellwerk::admin {

struct queue_filter {
  spool::message_filter stored;
  std::string destination;
  std::string reason;

  // First choices by lane, for who was never tried.
  [[nodiscard]] bool passes(const spool::listed_recipient& one,
                            const std::map<spool::lane_id, std::string>& first_choices) const;
};

[[nodiscard]] outcome<queue_filter> read_filter(const stellwerk::v1::ListMessagesRequest& request);
// A fault when it names nothing: an order for everything is a slip.
[[nodiscard]] outcome<queue_filter> read_filter(const stellwerk::v1::MessageFilter& filter);
// "state=held reason=bounce_brake", for the audit log.
[[nodiscard]] std::string describe(const queue_filter& filter);

struct queue_page {
  std::vector<spool::listed_recipient> rows;
  std::optional<queue_id> next;  // none: that was all
};
// Reads on until a page is full or enough was looked at.
[[nodiscard]] result<queue_page> read_page(spool::store& store, queue_filter filter);

}  // namespace stellwerk::admin
