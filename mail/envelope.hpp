// The envelope of RFC 5321: reverse path and forward paths, apart from the content.
#pragma once

#include <string>
#include <vector>

namespace stellwerk::mail {

// RFC 3461 DSN parameters of one recipient.
struct dsn_request {
  bool never = false;
  bool on_failure = true;  // the default without NOTIFY
  bool on_delay = true;
  bool on_success = false;
  std::string original_recipient;  // ORCPT, "rfc822;a@b", as received
  friend bool operator==(const dsn_request&, const dsn_request&) = default;
};

struct envelope_recipient {
  std::string address;  // local@domain, the domain a lower-case A-label, the local part as received
  dsn_request dsn;
  friend bool operator==(const envelope_recipient&, const envelope_recipient&) = default;
};

struct envelope {
  std::string reverse_path;  // local@domain; empty for the null reverse path
  std::vector<envelope_recipient> recipients;
  bool smtputf8 = false;       // RFC 6531
  bool body_8bitmime = false;  // RFC 6152
  std::string envelope_id;     // ENVID
  bool return_full = false;    // RET=FULL
};

}  // namespace stellwerk::mail
