// Can this destination carry this message at all, and by which way: its main one (the MTA, the vendor's API) or the
// vendor's SMTP relay? Pure comparison of facts with capabilities; asked for every candidate before live state.
//
// An API that rebuilds the message breaks what is signed or encrypted, and one that sends by header mails whoever the
// header names: such mail takes the relay, or does not go there. Fields that a vendor drops (its own Message-ID ...)
// are a loss, not an obstacle: the relay is preferred for them, the API still serves where there is none.
#pragma once

#include <string>
#include <string_view>

#include "policy/decision.hpp"
#include "policy/facts.hpp"
#include "policy/history.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

struct capability_verdict {
  bool allowed = true;
  stellwerk::policy::way way = stellwerk::policy::way::main;
  // Why not, or why by the relay, or what is lost: "size 31457280 > 15728640", "envelope_differs_from_headers",
  // "dkim_signature", "smime", "pgp", "calendar", "repeated_field x-a", "mime_structure", "smtputf8",
  // "null_reverse_path", "attachments N > M", "recipients N > M", "own_message_id", "field list-id".
  std::string detail;
  bool size_only = false;  // refused for nothing but size (552 5.3.4)
};

[[nodiscard]] capability_verdict check_capabilities(const facts& about, const history& past,
                                                    const destination_traits& destination);

// After a rejected_message at `refused_by`: is `other` different in the refused point ("size", "smtputf8", "8bitmime"
// ...)?
[[nodiscard]] bool differs_in(std::string_view refused_point, const destination_traits& refused_by,
                              const destination_traits& other);

}  // namespace stellwerk::policy
