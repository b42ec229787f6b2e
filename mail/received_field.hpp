// Our own Received field (RFC 5321 section 4.4, RFC 3848, RFC 6531 section 4.3) and the count of those that stand.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "mail/header_section.hpp"

namespace stellwerk::mail {

// The word behind "with": SMTP, ESMTP, ESMTPS, ESMTPA, ESMTPSA, UTF8SMTP, UTF8SMTPS, UTF8SMTPA, UTF8SMTPSA.
struct smtp_traits {
  bool extended = true;  // EHLO
  bool tls = false;
  bool authenticated = false;
  bool smtputf8 = false;
};
[[nodiscard]] std::string_view protocol_name(const smtp_traits& traits);

struct received_stamp {
  std::string helo;            // what the peer called itself; foreign; "" for gRPC
  std::string peer_address;    // "192.0.2.1" or "2001:db8::1"; "" to keep the client's address out
  std::string client;          // configured name of the client, gRPC
  std::string by;              // name of this node
  std::string protocol;        // protocol_name() or "GRPC"
  std::string id;              // queue id
  std::string only_recipient;  // local@domain, if the message has just one; else ""
  time_point at;
};
// The whole field, folded, with its last CRLF.
[[nodiscard]] std::string build_received_field(const received_stamp& stamp);

// How many Received fields say "by NODE": a message that comes back to us goes round in a circle.
[[nodiscard]] std::size_t count_received_by(const header_section& header, std::string_view node);

}  // namespace stellwerk::mail
