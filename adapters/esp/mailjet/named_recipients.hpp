// To, Cc and Bcc of a header section as the request lists them: each address once, where it stands first.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "mail/address_list.hpp"
#include "mail/header_section.hpp"

namespace stellwerk::adapters::esp::mailjet {

struct named_recipients {
  static constexpr std::array<std::string_view, 3> names{"To", "Cc", "Bcc"};
  std::array<std::vector<mail::mailbox>, 3> lists;  // in the order of `names`
  std::size_t unreadable = 0;                       // entries without a valid address

  [[nodiscard]] std::size_t count() const { return lists[0].size() + lists[1].size() + lists[2].size(); }
};

// A single recipient that stands in Cc or Bcc is listed in To, which the API demands.
[[nodiscard]] named_recipients list_recipients(const mail::header_section& header);

}  // namespace stellwerk::adapters::esp::mailjet
