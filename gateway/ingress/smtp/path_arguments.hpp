// The arguments of MAIL and RCPT: the path and the ESMTP parameters (RFC 5321 section 4.1.1.11; RFC 1870, 3461, 4954,
// 6152, 6531). Pure: text in, values or a reply out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "mail/envelope.hpp"

namespace stellwerk::ingress::smtp {

// A constant of replies.hpp.
using fault_reply = std::string_view;

struct mail_arguments {
  std::string reverse_path;  // local@domain; empty for <>
  std::optional<std::uint64_t> size;
  bool body_8bitmime = false;
  bool smtputf8 = false;
  bool return_full = false;
  std::string envelope_id;  // xtext as received
};
// `argument` is what stands behind the verb: "FROM:<a@b.example> SIZE=1000".
[[nodiscard]] std::variant<mail_arguments, fault_reply> parse_mail_arguments(std::string_view argument);

// `smtputf8` as the transaction's MAIL said; `own_domain` is what <postmaster> alone means (RFC 5321 section 4.5.1).
[[nodiscard]] std::variant<mail::envelope_recipient, fault_reply> parse_rcpt_arguments(std::string_view argument,
                                                                                       bool smtputf8,
                                                                                       std::string_view own_domain);

}  // namespace stellwerk::ingress::smtp
