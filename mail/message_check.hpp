// What both doors ask of a header section before a message may become ours (RFC 5322 section 3.6, RFC 6409 section 8).
//
// The verdict depends on the content alone, so it is the same whatever the route (catalogue P-102).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mail/header_section.hpp"

namespace stellwerk::mail {

inline constexpr std::size_t received_fields_max = 100;  // RFC 5321 section 6.3

enum class submission_profile : std::uint8_t { relay, submission };

enum class message_fault : std::uint8_t {
  none = 0,
  malformed_header,  // 550 5.6.0
  header_too_large,  // 552 5.3.4
  duplicate_field,   // 550 5.6.0
  missing_from,      // 550 5.6.0, in profile submission only
  too_many_hops,     // 554 5.4.6
};

struct message_check {
  message_fault fault = message_fault::none;
  std::string detail;        // a sentence for the reply, without foreign text; empty if there is no fault
  std::size_t received = 0;  // number of Received fields

  [[nodiscard]] bool ok() const { return fault == message_fault::none; }
};

// A message without any header section passes in profile relay (RFC 5321 asks for none): rewrite.hpp then puts an empty
// line below what it adds.
[[nodiscard]] message_check check_message(const header_section& header, submission_profile profile);

}  // namespace stellwerk::mail
