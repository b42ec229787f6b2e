// admission: what both doors do with a submission before it is ours. Steps 2 to 5 of the life of a message: rate, size,
// sender binding, suppression, classification, preflight, acceptance; the answer is mapped by each door once.
//
// Thread-bound: one per io thread; it shares only published values and the acceptor. A positive answer can be written
// only from an `admitted`, which holds the spool's proof.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/async/awaitable.hpp"
#include "gateway/ingress/ingress_config.hpp"
#include "gateway/spool/spool.hpp"
#include "mail/recipient_state.hpp"
#include "mail/submission.hpp"
#include "policy/policy.hpp"

namespace stellwerk::ingress {

enum class refusal_kind : std::uint8_t {
  malformed,  // the content does not follow RFC 5322 where we need it
  too_large,
  sender_not_allowed,  // sender binding
  recipient_not_allowed,
  rate,                // the client's own
  policy,              // preflight
  idempotency_reused,  // same key, other content
  loop,                // too many Received
  queue_full,          // back-pressure; try later
  store_failed,        // try elsewhere or later
  draining,
};

struct refusal {
  refusal_kind kind = refusal_kind::malformed;
  std::string text;   // for people: what and where, no foreign control characters
  std::string field;  // proto path or header field, when one is to blame
  std::string rule;   // policy: which rule or invariant
  std::optional<duration> retry_after;
};

struct recipient_verdict {
  std::string address;
  mail::recipient_state state =
      mail::recipient_state::ready;  // refused and suppressed ones are settled in the same commit
  std::string enhanced_status;
  std::string reason;
};

struct admitted {
  spool::accepted_message message;
  mail::traffic_stream stream = mail::traffic_stream::transactional;
  std::string stream_reason;
  std::vector<recipient_verdict> recipients;
};

using admission_answer = std::variant<admitted, refusal>;

class admission {
 public:
  virtual ~admission() = default;
  // Not cancelled once the commit was asked for. `client` outlives the call.
  [[nodiscard]] virtual async::awaitable<admission_answer> admit(mail::submission submission,
                                                                 const client_config& client) = 0;
};

}  // namespace stellwerk::ingress
