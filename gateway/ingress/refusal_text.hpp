// The words for the kinds of refusal: labels of metrics and logs.
#pragma once

#include <string_view>

#include "gateway/ingress/admission.hpp"

namespace stellwerk::ingress {

inline constexpr std::size_t refusal_kinds_count = 11;

[[nodiscard]] constexpr std::string_view to_string(refusal_kind kind) {
  switch (kind) {
    case refusal_kind::malformed: return "malformed";
    case refusal_kind::too_large: return "too_large";
    case refusal_kind::sender_not_allowed: return "sender_not_allowed";
    case refusal_kind::recipient_not_allowed: return "recipient_not_allowed";
    case refusal_kind::rate: return "rate";
    case refusal_kind::policy: return "policy";
    case refusal_kind::idempotency_reused: return "idempotency_reused";
    case refusal_kind::loop: return "loop";
    case refusal_kind::queue_full: return "queue_full";
    case refusal_kind::store_failed: return "store_failed";
    case refusal_kind::draining: return "draining";
  }
  return "malformed";
}

// Whether the client should try again: 4xx rather than 5xx.
[[nodiscard]] constexpr bool is_transient(refusal_kind kind) {
  return kind == refusal_kind::rate || kind == refusal_kind::queue_full || kind == refusal_kind::store_failed ||
         kind == refusal_kind::draining;
}

}  // namespace stellwerk::ingress
