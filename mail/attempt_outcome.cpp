#include "mail/attempt_outcome.hpp"

namespace stellwerk::mail {

std::string_view to_string(attempt_outcome outcome) {
  switch (outcome) {
    case attempt_outcome::delivered: return "delivered";
    case attempt_outcome::rejected_recipient: return "rejected_recipient";
    case attempt_outcome::rejected_message: return "rejected_message";
    case attempt_outcome::refused_policy: return "refused_policy";
    case attempt_outcome::refused_sender: return "refused_sender";
    case attempt_outcome::refused_account: return "refused_account";
    case attempt_outcome::deferred_recipient: return "deferred_recipient";
    case attempt_outcome::deferred_mailbox_provider: return "deferred_mailbox_provider";
    case attempt_outcome::deferred_destination: return "deferred_destination";
    case attempt_outcome::throttled: return "throttled";
    case attempt_outcome::adapter_fault: return "adapter_fault";
    case attempt_outcome::unknown: return "unknown";
  }
  return "unknown";
}

std::optional<attempt_outcome> parse_attempt_outcome(std::string_view text) {
  for (const attempt_outcome outcome : all_attempt_outcomes) {
    if (text == to_string(outcome)) return outcome;
  }
  return std::nullopt;
}

std::string_view to_string(attempt_stage stage) {
  switch (stage) {
    case attempt_stage::connect: return "connect";
    case attempt_stage::greeting: return "greeting";
    case attempt_stage::ehlo: return "ehlo";
    case attempt_stage::starttls: return "starttls";
    case attempt_stage::auth: return "auth";
    case attempt_stage::mail: return "mail";
    case attempt_stage::rcpt: return "rcpt";
    case attempt_stage::data: return "data";
    case attempt_stage::dot: return "dot";
    case attempt_stage::request: return "request";
    case attempt_stage::response: return "response";
  }
  return "connect";
}

}  // namespace stellwerk::mail
