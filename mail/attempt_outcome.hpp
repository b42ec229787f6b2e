// How an attempt ended, for each recipient: exactly one of the rows of architecture section 4. Failover, retry, health
// and bounces are all chosen by this class, never by text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace stellwerk::mail {

// Stored by number; append only.
enum class attempt_outcome : std::uint8_t {
  delivered = 1,
  rejected_recipient = 2,
  rejected_message = 3,
  refused_policy = 4,
  refused_sender = 5,
  refused_account = 6,
  deferred_recipient = 7,
  deferred_mailbox_provider = 8,
  deferred_destination = 9,
  throttled = 10,
  adapter_fault = 11,
  unknown = 12,
};
inline constexpr std::array<attempt_outcome, 12> all_attempt_outcomes{attempt_outcome::delivered,
                                                                      attempt_outcome::rejected_recipient,
                                                                      attempt_outcome::rejected_message,
                                                                      attempt_outcome::refused_policy,
                                                                      attempt_outcome::refused_sender,
                                                                      attempt_outcome::refused_account,
                                                                      attempt_outcome::deferred_recipient,
                                                                      attempt_outcome::deferred_mailbox_provider,
                                                                      attempt_outcome::deferred_destination,
                                                                      attempt_outcome::throttled,
                                                                      attempt_outcome::adapter_fault,
                                                                      attempt_outcome::unknown};

[[nodiscard]] std::string_view to_string(attempt_outcome outcome);
[[nodiscard]] std::optional<attempt_outcome> parse_attempt_outcome(std::string_view text);

// Where in the conversation it ended. Everything before `dot` (SMTP) and `response` (HTTP) is certainly not accepted.
enum class attempt_stage : std::uint8_t {
  connect,
  greeting,
  ehlo,
  starttls,
  auth,
  mail,
  rcpt,
  data,
  dot,
  request,
  response
};
[[nodiscard]] std::string_view to_string(attempt_stage stage);

// Who said what `reply` holds. Stored by number; append only.
enum class said_by : std::uint8_t { us = 1, smtp_peer = 2, http_peer = 3 };

// The fate one attempt gave one recipient.
struct recipient_outcome {
  attempt_outcome outcome = attempt_outcome::adapter_fault;
  attempt_stage stage = attempt_stage::connect;
  int code = 0;                   // SMTP reply code or HTTP status; 0 when nothing was answered
  std::string enhanced_status;    // "5.1.1"; empty if none was given
  std::string reply;              // foreign text, cut at 512 bytes, control characters escaped by whoever shows it
  std::string vendor_message_id;  // of this recipient, decimal or opaque text
  std::optional<duration> retry_after;  // throttled: what the peer asked for
  bool connect_class = false;  // deferred_destination: nothing answered at all (refused, DNS, TLS, no greeting)
  std::string refused_point;   // rejected_message: the capability that was refused ("size", "smtputf8" ...), else ""
  std::string remote_host;     // name of the host it was about, as it was connected to; empty: none was reached
  bool dsn_passed_on = false;  // delivered: the peer took over what the sender asked to be notified of (RFC 3461)
};

}  // namespace stellwerk::mail
