// The declared changes of contracts section 3, and nothing else: every other octet stays where it was.
#pragma once

#include <string>
#include <string_view>

#include "mail/header_section.hpp"

namespace stellwerk::mail {

inline constexpr std::string_view control_field_prefix = "X-Stellwerk-";

// True for X-Stellwerk-Stream and its kin, in any letter case.
[[nodiscard]] bool is_control_field(std::string_view name);

struct declared_changes {
  std::string received;  // one whole field with its CRLF, put on top; "" for none
  bool remove_control_fields = true;
  bool remove_bcc = false;  // profile submission
  std::string date;         // value for a missing Date field; "" adds none
  std::string message_id;   // value with angle brackets for a missing Message-ID; "" adds none
};

// `header` is the section parsed from `content`. Missing fields are added at the end of the section. Content without a
// header section gets an empty line below what is added.
[[nodiscard]] std::string apply_declared_changes(std::string_view content, const header_section& header,
                                                 const declared_changes& changes);

}  // namespace stellwerk::mail
