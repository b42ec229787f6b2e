// email -> content: the bytes of a message, lines ended by CRLF, ASCII wherever the addresses allow it.
//
// text and html become multipart/alternative, images of the html multipart/related, the rest multipart/mixed. There is
// never a Bcc field. Deterministic: time, Message-ID and chance are parameters.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "mail/email.hpp"

namespace stellwerk::mail {

struct compose_parameters {
  time_point date;
  std::string message_id;  // with angle brackets
};

// REQUIRES validate(message).empty().
[[nodiscard]] std::string compose(const email& message, const compose_parameters& parameters, random_source& random);

// Whether a header address has a local part beyond ASCII: the message then needs SMTPUTF8 on its way (RFC 6531).
[[nodiscard]] bool header_needs_smtputf8(const email& message);

}  // namespace stellwerk::mail
