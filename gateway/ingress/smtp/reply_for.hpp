// Mapping of admission's answer to SMTP, once. The positive reply to a message can be written only here, and only from
// the spool's proof that it is durable.
#pragma once

#include <string>

#include "gateway/ingress/admission.hpp"

namespace stellwerk::ingress::smtp {

// "250 2.0.0 queued as <id>".
void append_queued_reply(std::string& out, const spool::accepted_message& message);

// The octets of the reply to a refusal at the end of the content.
[[nodiscard]] std::string reply_for(const refusal& refused);

}  // namespace stellwerk::ingress::smtp
