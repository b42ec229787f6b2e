// What happened to a recipient before: the only memory a decision has.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "mail/attempt_outcome.hpp"
#include "policy/live_state.hpp"

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

// What an attempt asked for and did not get in the walk that is going on now. The decision is made again with that
// known, so that the decision that is stored is the one that was carried out.
struct refused_reservation {
  enum class part : std::uint8_t {
    destination,       // its health, its pause, or no connection or token free
    allowance,         // a limit, quota or budget has too little left for this attempt: the next candidate may have it
    mailbox_provider,  // the pair with the recipient's provider
    sender,            // the pair with the domain of the From field
  };
  std::string destination;
  candidate_reason reason = candidate_reason::limit;
  part of = part::destination;
};

struct history {
  std::vector<past_attempt> attempts;  // oldest first; bounded by limits::history_attempts_max
  std::string pinned_destination;      // an unknown outcome ties the recipient to it; empty: free
  std::string rerouted_to;             // an operator's choice: offered first, filtered like any other; empty: none
  // Destinations tried in the walk that is going on now (failing over at once); they are not offered again in it.
  std::vector<std::string> tried_now;
  std::vector<refused_reservation> refused_now;  // nor are these, for as long as the walk goes on
};

}  // namespace stellwerk::policy
