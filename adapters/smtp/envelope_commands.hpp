// MAIL and RCPT with the parameters of the extensions the peer offered: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8
// (RFC 6531), RET, ENVID, NOTIFY and ORCPT (RFC 3461).
#pragma once

#include <span>
#include <string>

#include "adapters/attempt.hpp"
#include "adapters/smtp/peer_features.hpp"

namespace stellwerk::adapters::smtp {

struct mail_parameters {
  bool smtputf8 = false;
  bool delivery_status = false;  // some recipient or the sender asked for DSN parameters
};

void append_mail_command(std::string& out, const attempt& what, const peer_features& peer, mail_parameters parameters);
void append_rcpt_command(std::string& out, const mail::envelope_recipient& recipient, const peer_features& peer);

// False for an address that would end its own command; the doors let none in.
[[nodiscard]] bool fits_in_command(std::string_view address);

// RFC 3461 section 4: as it is if it already is xtext, else encoded.
[[nodiscard]] std::string as_xtext(std::string_view text);

[[nodiscard]] bool is_default(const mail::dsn_request& dsn);

}  // namespace stellwerk::adapters::smtp
