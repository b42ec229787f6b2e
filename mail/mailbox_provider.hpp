// Who operates the mailboxes of a domain: the closed set of names behind the label `mailbox_provider`.
//
// By the domain alone, so that a decision needs no DNS; a company's domain hosted by an operator is "other".
#pragma once

#include <span>
#include <string_view>

namespace stellwerk::mail {

// "google", "microsoft", "yahoo" ...; "other" for what the table does not know. REQUIRES a lower-case A-label. The view
// is of a constant.
[[nodiscard]] std::string_view mailbox_provider_of(std::string_view domain);

// Every name that can be returned, sorted, "other" last.
[[nodiscard]] std::span<const std::string_view> all_mailbox_providers();

}  // namespace stellwerk::mail
