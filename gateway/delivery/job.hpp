// job: one attempt as the dispatcher holds it, from reservation to settled row.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "adapters/attempt.hpp"
#include "gateway/delivery/delivery_message.hpp"
#include "gateway/delivery/destination_table.hpp"

namespace stellwerk::delivery {

// Recipients of one message that share a decision: what one attempt is made of.
struct start_group {
  std::vector<std::size_t> rows;  // indices in the caller's list
  policy::candidate candidate;
  std::size_t route = 0;
  std::vector<std::string> passed_over;  // parallel to rows: of each one's decision, for its intent
  bool has_other_way = true;             // for each of them another candidate is available
  // Who is copied into the sandbox of which destination, with the first attempt.
  std::vector<std::pair<spool::recipient_key, std::uint16_t>> copies;
};

// What happened to recipients since they were taken from their lane: where they were tried, and who had no room.
struct walk {
  std::vector<std::string> tried;  // the last one last
  std::vector<policy::refused_reservation> refused;
};

struct job {
  std::uint64_t id = 0;
  message_ptr message;
  std::vector<spool::recipient_row> rows;  // as stored: attempting, with the intent
  reservation held;
  adapters::delivery_way way = adapters::delivery_way::main;
  bool has_other_way = false;  // see start_group
  walk so_far;                 // with this attempt
  bool on_trial = false;       // the next crash would make its recipients poison: no other such job beside it
  steady_point started{};
};

}  // namespace stellwerk::delivery
