// The structured message of the wire as mail::email. Judges nothing but numbers; mail::validate does. Thread rule:
// pure.
#pragma once

#include <vector>

#include "mail/email.hpp"
#include "mail/envelope.hpp"
#include "stellwerk/v1/submission.pb.h"

namespace stellwerk::ingress::grpc {

// Consumes the request's strings.
[[nodiscard]] mail::email map_email(stellwerk::v1::Email& request);

// Too many of something: judged before a thing is made of each of them.
[[nodiscard]] std::vector<mail::field_fault> faults_of_numbers(const stellwerk::v1::Email& request);

// To, Cc and Bcc in this order; what does not parse was a fault before.
[[nodiscard]] std::vector<mail::envelope_recipient> recipients_of(const mail::email& message);

}  // namespace stellwerk::ingress::grpc
