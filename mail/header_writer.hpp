// Header fields and text entities as they are sent: folded at 78 columns where a blank allows it, encoded where ASCII
// does not carry the text (RFC 5322 section 2.1.1, RFC 2047, RFC 2231). Appends to a growing message.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mail/address_list.hpp"

namespace stellwerk::mail {

inline constexpr std::size_t folded_line_octets = 78;

// The longest run without a blank: what folding cannot make shorter.
[[nodiscard]] std::size_t longest_word(std::string_view text);

// "Name: value" with breaks at the blanks of an ASCII value. REQUIRES printable ASCII (or UTF-8 under RFC 6532).
void append_folded_field(std::string& out, std::string_view name, std::string_view value);

// Free text of a person: encoded words wherever the text would not come back as it is.
void append_text_field(std::string& out, std::string_view name, std::string_view utf8);

// "Name <local@domain>, ..." An address that needs SMTPUTF8 stands as UTF-8 (RFC 6532).
void append_mailbox_field(std::string& out, std::string_view name, std::span<const mailbox> mailboxes);

// A value with parameters, each on its own line where needed: "Content-Type: text/plain; charset=utf-8".
void append_parameter_field(std::string& out, std::string_view name, std::string_view value,
                            std::span<const std::string> parameters);

// Content-Type, Content-Transfer-Encoding, empty line and body of a text: 7bit where possible, else the shorter of
// quoted-printable and base64. Any line break becomes CRLF; the body ends with one.
void append_text_entity(std::string& out, std::string_view type, std::string_view utf8);

}  // namespace stellwerk::mail
