// The lines of a message as octets: every line ends with CRLF, holds no NUL and at most 998 octets (RFC 5321 sections
// 2.3.8 and 4.5.3.1.6, RFC 5322 section 2.1.1). What breaks this is refused, never repaired: repair is what message
// smuggling lives on (catalogue P-001 to P-012).
#pragma once

#include <cstdint>
#include <string_view>

namespace stellwerk::mail {

enum class framing_fault : std::uint8_t {
  none = 0,
  bare_cr,        // 550 5.5.2
  bare_lf,        // 550 5.5.2
  nul,            // 550 5.5.2
  line_too_long,  // 554 5.6.0
  too_large,      // 552 5.3.4; only a data_reader finds it
};
[[nodiscard]] std::string_view to_string(framing_fault fault);

// The first fault of content that came whole (gRPC). The last line may lack its line break.
[[nodiscard]] framing_fault check_framing(std::string_view content);

}  // namespace stellwerk::mail
