#include "adapters/esp/mapping.hpp"

#include <algorithm>

#include "base/planted_defect.hpp"
#include "base/text.hpp"

namespace stellwerk::adapters::esp {
namespace {

using mail::attempt_outcome;

inline constexpr std::size_t reply_octets_kept = 512;
inline constexpr std::uint64_t retry_after_max_seconds = 86'400;

attempt_outcome outcome_of(int status) {
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 404:
    case 405: return attempt_outcome::refused_account;
    case 408: return attempt_outcome::unknown;
    case 413: return attempt_outcome::rejected_message;
    case 429: return attempt_outcome::throttled;
    case 503: return attempt_outcome::deferred_destination;
    default: break;
  }
  if (status == 500 && planted(defect::server_error_is_not_sent)) return attempt_outcome::deferred_destination;
  if (status >= 300 && status < 400) return attempt_outcome::refused_account;  // not the place that takes mail
  if (status >= 400 && status < 500) return attempt_outcome::adapter_fault;
  return attempt_outcome::unknown;
}

}  // namespace

std::string_view vendor_answer::field(std::string_view name) const {
  for (const vendor_field& one : fields) {
    if (iequals(one.name, name)) return one.value;
  }
  return {};
}

std::string kept_text(std::string_view foreign) { return std::string{foreign.substr(0, reply_octets_kept)}; }

std::optional<duration> retry_after(const vendor_answer& answer) {
  const auto seconds = parse_decimal(trim(answer.field("Retry-After")));
  if (!seconds) return std::nullopt;
  return std::chrono::seconds{std::min(*seconds, retry_after_max_seconds)};
}

mail::recipient_outcome classify_status(const vendor_answer& answer) {
  mail::recipient_outcome fate;
  fate.outcome = outcome_of(answer.status);
  fate.stage = mail::attempt_stage::response;
  fate.code = answer.status;
  fate.reply = kept_text(std::to_string(answer.status) + " " + answer.body);
  if (fate.outcome == attempt_outcome::throttled) fate.retry_after = retry_after(answer);
  if (fate.outcome == attempt_outcome::rejected_message) {
    fate.enhanced_status = "5.3.4";
    fate.refused_point = "size";
  }
  return fate;
}

}  // namespace stellwerk::adapters::esp
