// What a reply of an SMTP peer means for the recipients it concerns: the paragraph "SMTP client, by stage" of
// architecture section 4 as pure functions. The tables of phrases stand on top of the source.
//
// Decides by code and enhanced status first, by words only where the paragraph names words. Total: what no row covers
// is `adapter_fault` before the content was sent and `unknown` after.
#pragma once

#include <string>
#include <string_view>

#include "mail/attempt_outcome.hpp"
#include "mail/reply.hpp"

namespace stellwerk::adapters::smtp {

// A 2xx after the dot is `delivered`; at every other stage a positive reply is one out of step.
// REQUIRES an SMTP stage: greeting .. dot.
[[nodiscard]] mail::recipient_outcome classify_reply(mail::attempt_stage stage, const mail::reply& answer);

// The reply as one line, cut at 512 octets: what outcomes and logs keep of it.
[[nodiscard]] std::string kept_text(const mail::reply& answer);

// 452 4.5.3, or 552 without 5.3.4 (RFC 5321 section 4.5.3.1.10): the transaction is full. Only meant so after an
// accepted recipient; else the refusal is this recipient's own.
[[nodiscard]] bool says_transaction_full(const mail::reply& answer);

// The connection was lost, or what came is no reply, before the write holding the last octet was started.
[[nodiscard]] mail::recipient_outcome lost_before_content(mail::attempt_stage stage, std::string_view why);
// The same from that write on: the peer may have taken the message.
[[nodiscard]] mail::recipient_outcome lost_after_content(std::string_view why);
// Nothing answered at all: refused, unresolved, TLS failed, no greeting.
[[nodiscard]] mail::recipient_outcome unreachable(mail::attempt_stage stage, std::string_view why);
// The peer does not carry what the message needs; found before anything was sent.
[[nodiscard]] mail::recipient_outcome beyond_capability(std::string_view refused_point, std::string_view status,
                                                        std::string_view why);

}  // namespace stellwerk::adapters::smtp
