// The address forms of `senders` and `recipients` in the configuration: user@domain, @domain, @*.domain, *.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace stellwerk::mail {

// The configuration is refused when this is false.
[[nodiscard]] bool is_address_pattern(std::string_view pattern);

// `address` is local@domain. Letter case is ignored: two mailboxes that differ in nothing else are one sender to
// people.
// "@*.domain" means the domains below, not the domain itself.
[[nodiscard]] bool matches_address(std::string_view pattern, std::string_view address);

// An empty list allows everything.
[[nodiscard]] bool address_allowed(std::span<const std::string> patterns, std::string_view address);

}  // namespace stellwerk::mail
