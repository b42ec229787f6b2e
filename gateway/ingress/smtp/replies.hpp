// The replies that never change, as octets (RFC 5321 section 4.2, RFC 3463). Ready to append: no formatting on the way.
#pragma once

#include <string_view>

namespace stellwerk::ingress::smtp::replies {

using text = std::string_view;

inline constexpr text ok = "250 2.0.0 OK\r\n";
inline constexpr text sender_ok = "250 2.1.0 sender OK\r\n";
inline constexpr text recipient_ok = "250 2.1.5 recipient OK\r\n";
inline constexpr text bye = "221 2.0.0 bye\r\n";
inline constexpr text not_mail = "221 2.7.0 this is a mail server\r\n";
inline constexpr text start_content = "354 end with <CR><LF>.<CR><LF>\r\n";
inline constexpr text start_tls = "220 2.0.0 ready to start TLS\r\n";
inline constexpr text cannot_verify = "252 2.5.2 send mail, it will be tried\r\n";
inline constexpr text help = "214 2.0.0 RFC 5321, RFC 6409\r\n";

// Sequence and syntax.
inline constexpr text unknown_command = "500 5.5.2 unknown command\r\n";
inline constexpr text bad_line_end = "500 5.5.2 lines end with CR LF and hold no other CR, LF or NUL\r\n";
inline constexpr text bad_octets = "500 5.5.2 the command is not valid UTF-8\r\n";
inline constexpr text line_too_long = "500 5.5.2 line too long\r\n";
inline constexpr text auth_line_too_long = "500 5.5.6 authentication exchange line too long\r\n";
inline constexpr text no_argument_wanted = "501 5.5.4 this command takes no argument\r\n";
inline constexpr text name_wanted = "501 5.5.4 a name is needed\r\n";
inline constexpr text argument_wanted = "501 5.5.4 an argument is needed\r\n";
inline constexpr text not_implemented = "502 5.5.1 not implemented\r\n";
inline constexpr text greet_first = "503 5.5.1 EHLO first\r\n";
inline constexpr text mail_first = "503 5.5.1 MAIL first\r\n";
inline constexpr text recipient_first = "503 5.5.1 RCPT first\r\n";
inline constexpr text no_valid_recipients = "554 5.5.1 no valid recipients\r\n";
inline constexpr text nested_mail = "503 5.5.1 a transaction is open already\r\n";
inline constexpr text not_in_transaction = "503 5.5.1 not inside a transaction\r\n";
inline constexpr text content_too_early = "554 5.5.0 content before 354\r\n";
inline constexpr text talked_too_early = "554 5.5.0 talked before the greeting\r\n";
inline constexpr text commands_behind_starttls = "554 5.5.1 commands behind STARTTLS\r\n";
inline constexpr text unknown_parameter = "555 5.5.4 unknown parameter\r\n";
inline constexpr text bad_parameter = "501 5.5.4 bad parameter value\r\n";

// Addresses.
inline constexpr text bad_path = "501 5.1.3 bad address syntax\r\n";
inline constexpr text bad_domain = "501 5.1.2 bad domain\r\n";
inline constexpr text needs_smtputf8 = "553 5.6.7 the address needs SMTPUTF8\r\n";
inline constexpr text sender_not_yours = "553 5.7.1 you may not send with this address\r\n";
inline constexpr text recipient_not_allowed = "550 5.7.1 you may not send to this address\r\n";
inline constexpr text relay_denied = "554 5.7.1 relay access denied\r\n";
inline constexpr text too_many_recipients = "452 4.5.3 too many recipients, send the rest in another transaction\r\n";

// Size and content.
inline constexpr text too_large = "552 5.3.4 message too large\r\n";
inline constexpr text bad_content_line_end = "550 5.5.2 lines end with CR LF; bare CR, bare LF and NUL are refused\r\n";
inline constexpr text content_line_too_long = "554 5.6.0 a line is longer than 998 octets\r\n";

// TLS and AUTH.
inline constexpr text tls_not_offered = "502 5.5.1 STARTTLS is not offered\r\n";
inline constexpr text tls_already = "503 5.5.1 TLS is active already\r\n";
inline constexpr text auth_needed = "530 5.7.0 authentication needed\r\n";
inline constexpr text tls_first = "530 5.7.0 STARTTLS first\r\n";
inline constexpr text auth_needs_tls = "538 5.7.11 encryption needed for authentication\r\n";
inline constexpr text auth_not_offered = "502 5.5.1 AUTH is not offered\r\n";
inline constexpr text auth_already = "503 5.5.1 authenticated already\r\n";
inline constexpr text auth_unknown_mechanism = "504 5.5.4 unknown mechanism\r\n";
inline constexpr text auth_bad_base64 = "501 5.5.2 not base64\r\n";
inline constexpr text auth_bad_message = "501 5.5.2 malformed authentication message\r\n";
inline constexpr text auth_cancelled = "501 5.7.0 authentication cancelled\r\n";
inline constexpr text auth_ok = "235 2.7.0 authenticated\r\n";
inline constexpr text auth_refused = "535 5.7.8 authentication failed\r\n";
inline constexpr text auth_unavailable = "454 4.7.0 authentication is not possible now\r\n";
inline constexpr text auth_go_on = "334 \r\n";
inline constexpr text auth_ask_username = "334 VXNlcm5hbWU6\r\n";
inline constexpr text auth_ask_password = "334 UGFzc3dvcmQ6\r\n";

// The end of the session.
inline constexpr text draining = "421 4.3.2 going down, connect again\r\n";
inline constexpr text queue_full = "452 4.3.1 the queue is full, try again later\r\n";
inline constexpr text no_room = "452 4.3.1 too much mail comes in at this moment, try again later\r\n";
inline constexpr text timed_out = "421 4.4.2 idle for too long\r\n";
inline constexpr text too_slow = "421 4.4.2 the content came too slowly\r\n";
inline constexpr text too_much_content = "421 4.3.4 far more content than allowed\r\n";
inline constexpr text too_many_errors = "421 4.7.0 too many errors\r\n";
inline constexpr text too_many_auth_failures = "421 4.7.0 too many failed authentications\r\n";
inline constexpr text too_many_connections = "421 4.3.2 too many connections\r\n";
inline constexpr text too_many_from_you = "421 4.7.0 too many connections from your address\r\n";

}  // namespace stellwerk::ingress::smtp::replies
