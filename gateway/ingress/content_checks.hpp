// What admission refuses a message for by its content and its sender, before anything is decided about it. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "gateway/ingress/admission.hpp"
#include "mail/header_section.hpp"
#include "mail/message_check.hpp"

namespace stellwerk::ingress {

inline constexpr std::size_t own_received_max = 25;  // so many passes through this node are a loop

// RFC 5322 section 3.6, RFC 6409 section 8; too many hops, also through this node.
[[nodiscard]] std::optional<refusal> check_header(const mail::header_section& header, mail::submission_profile profile,
                                                  std::string_view node);

// Every mailbox of From must be one of the client's (RFC 6409 section 6.1).
[[nodiscard]] std::optional<refusal> check_header_from(const mail::header_section& header, const client_config& client);

}  // namespace stellwerk::ingress
