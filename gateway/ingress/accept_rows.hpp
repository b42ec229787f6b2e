// From a classified submission to the rows the spool keeps. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "gateway/spool/spool.hpp"
#include "mail/submission.hpp"
#include "policy/policy.hpp"

namespace stellwerk::ingress {

// Lifetime counts from send_at if given (contracts section 4).
[[nodiscard]] spool::message_row make_message_row(const mail::submission& submission, const queue_id& id,
                                                  const policy::classification& verdict,
                                                  const policy::retry_config& retry, time_point now);

// Each address once, in the order given; a repeated recipient would get the message twice.
[[nodiscard]] std::vector<spool::recipient_row> make_recipient_rows(const mail::submission& submission,
                                                                    const queue_id& id, time_point now);

// Preflight refused this one: settled in the commit that accepts the others.
void mark_refused(spool::recipient_row& row, const policy::preflight_verdict& verdict);

}  // namespace stellwerk::ingress
