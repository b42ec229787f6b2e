// The address lists of From, To, Cc, Bcc and Reply-To (RFC 5322 section 3.4): mailboxes, groups, comments, quoted
// strings, encoded words. One pass, no recursion; entries that hold no address are counted, not guessed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mail/address.hpp"

namespace stellwerk::mail {

struct mailbox {
  std::string display_name;  // UTF-8, decoded
  mail::address address;
  friend bool operator==(const mailbox&, const mailbox&) = default;
};

inline constexpr std::size_t address_list_entries_max = 10'000;

// `header_value` may be folded. Members of groups are listed, group names are dropped. `rejected`, if given, receives
// the number of entries without a valid address.
[[nodiscard]] std::vector<mailbox> parse_address_list(std::string_view header_value, std::size_t* rejected = nullptr);

}  // namespace stellwerk::mail
