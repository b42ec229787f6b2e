// What an operator or a client may do to queued recipients, and what became of each.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "gateway/spool/rows.hpp"

namespace stellwerk::delivery {

enum class operation : std::uint8_t { cancel, retry_now, hold, release, bounce, reroute };

enum class authority : std::uint8_t { client, operators };  // who decides about an unknown outcome

struct operate_order {
  operation what = operation::cancel;
  authority by = authority::operators;
  queue_id message;
  std::vector<std::uint32_t> only;  // indices of recipients; empty: all of the message
  std::string reason;
  std::string destination;  // reroute
};

struct operated_recipient {
  spool::recipient_row row;  // as it is afterwards
  bool changed = false;
  std::string refusal;  // why a reroute was not done: "invariant: personal-data-stays-home" ...
};

// errc::not_found: there is no such message. Called on the dispatch thread, after what changed is durable.
using operate_completion = std::function<void(result<std::vector<operated_recipient>>)>;

}  // namespace stellwerk::delivery
