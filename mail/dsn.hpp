// Delivery status notifications of RFC 3464: one multipart/report about several recipients.
//
// Only the content: the caller sends it with the null reverse path, and never about a message that itself had one
// (RFC 5321 section 6.1). Text of peers appears as printable ASCII alone. The text for people is English, then German.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace stellwerk::mail {

// So many recipients are named to people; the part for programs has all of them.
inline constexpr std::size_t named_recipients_max = 100;

enum class report_kind : std::uint8_t { failed, delayed, relayed };

struct reported_recipient {
  std::string address;                   // local@domain
  std::string original_recipient;        // ORCPT as received, xtext: "rfc822;a+2Bc@b"; "" if there was none
  std::string status;                    // "5.1.1"; "" or one of another class becomes x.0.0
  std::string explanation;               // a sentence of ours; ""
  std::string diagnostic_type = "smtp";  // "x-http" for a vendor's API, "x-stellwerk" for what we say ourselves
  std::string diagnostic;                // what was said; foreign; "" if nothing was said
  std::string remote_mta;                // name of the host that was talked to; ""
  std::optional<time_point> last_attempt;
  std::optional<time_point> will_retry_until;  // delayed
};

struct delivery_report {
  report_kind kind = report_kind::failed;
  std::string node;          // Reporting-MTA
  std::string from_address;  // "MAILER-DAEMON@gw-1.example"
  std::string to_address;    // reverse path of the message reported on
  std::string message_id;    // of the report, with angle brackets
  time_point date;
  std::string queue_id;     // of the message reported on
  std::string envelope_id;  // ENVID as received, xtext; ""
  std::optional<time_point> arrival;
  std::string_view original;               // content of the message reported on; "": nothing of it is returned
  bool return_full = false;                // RET=FULL
  std::size_t return_octets_max = 50'000;  // a longer message returns its header only
  std::vector<reported_recipient> recipients;
};

[[nodiscard]] std::string build_delivery_report(const delivery_report& report, random_source& random);

}  // namespace stellwerk::mail
