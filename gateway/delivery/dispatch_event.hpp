// What reaches the dispatch thread: values in its mailbox, handled in order.
#pragma once

#include <functional>
#include <memory>
#include <variant>
#include <vector>

#include "gateway/delivery/job.hpp"
#include "gateway/delivery/lane_table.hpp"
#include "gateway/spool/spool.hpp"

namespace stellwerk::delivery {

struct accept_event {
  spool::accept_request request;
  spool::accept_completion done;
};

// An accept was committed, or not.
struct accepted_event {
  std::uint64_t pending = 0;
  result<spool::accept_answer> answer;
};

struct report_event {
  std::uint64_t job = 0;
  adapters::attempt_report report;
};

struct settled_event {
  std::uint64_t pending = 0;
  result<void> answer;
};

// Rows of one message were read.
struct loaded_event {
  spool::lane_id lane = 0;
  std::vector<spool::due_entry> entries;
  result<spool::loaded_message> message;
  std::vector<result<spool::recipient_row>> rows;  // in the order of entries
};

struct refilled_event {
  spool::lane_id lane = 0;
  std::size_t asked = 0;
  result<std::vector<spool::due_entry>> entries;
};

// Unknown recipients of one message on their way through the vendor's index. Changed on the dispatch thread only.
struct lookup_round {
  message_ptr message;
  std::vector<spool::recipient_row> rows;
  std::vector<adapters::lookup_report> reports;  // in the order of rows
  std::size_t open = 0;                          // not answered yet
};

struct looked_up_event {
  std::shared_ptr<lookup_round> round;
  std::size_t which = 0;
  adapters::lookup_report report;
};

// Operator's commands, reloads, probes: rare, so a closure is plain enough.
struct control_event {
  std::function<void()> run;
};

using dispatch_event = std::variant<accept_event, accepted_event, report_event, settled_event, loaded_event,
                                    refilled_event, looked_up_event, control_event>;

}  // namespace stellwerk::delivery
