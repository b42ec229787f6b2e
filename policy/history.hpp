// What happened to a recipient before: the only memory a decision has.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "mail/attempt_outcome.hpp"

namespace stellwerk::policy {

struct past_attempt {
  std::string attempt_id;
  std::string destination;
  std::string route;
  std::string policy_version;
  time_point started{};
  time_point ended{};
  mail::attempt_outcome outcome = mail::attempt_outcome::unknown;
  std::string enhanced_status;
  std::string reply;  // foreign, cut
  std::string vendor_message_id;
  std::string refused_point;  // rejected_message
};

struct history {
  std::vector<past_attempt> attempts;  // oldest first; bounded by limits::history_attempts_max
  std::string pinned_destination;      // an unknown outcome ties the recipient to it; empty: free
  std::string rerouted_to;             // an operator's choice: offered first, filtered like any other; empty: none
  // Destinations tried in the walk that is going on now (failing over at once); they are not offered again in it.
  std::vector<std::string> tried_now;
};

}  // namespace stellwerk::policy
