#include "policy/decision.hpp"

namespace stellwerk::policy {

std::string_view to_string(action what) {
  switch (what) {
    case action::deliver: return "deliver";
    case action::wait: return "wait";
    case action::hold: return "hold";
    case action::refuse: return "refuse";
    case action::discard: return "discard";
    case action::suppress: return "suppress";
  }
  return "hold";
}

std::string_view to_string(verdict what) {
  switch (what) {
    case verdict::chosen: return "chosen";
    case verdict::standby: return "standby";
    case verdict::filtered: return "filtered";
    case verdict::unavailable: return "unavailable";
  }
  return "unavailable";
}

std::string_view to_string(candidate_reason reason) {
  switch (reason) {
    case candidate_reason::none: return "";
    case candidate_reason::invariant: return "invariant";
    case candidate_reason::capability: return "capability";
    case candidate_reason::ejected: return "ejected";
    case candidate_reason::account_refused: return "account_refused";
    case candidate_reason::sender_refused: return "sender_refused";
    case candidate_reason::throttled: return "throttled";
    case candidate_reason::drained: return "drained";
    case candidate_reason::suspended: return "suspended";
    case candidate_reason::limit: return "limit";
    case candidate_reason::quota: return "quota";
    case candidate_reason::weight: return "weight";
    case candidate_reason::budget: return "budget";
    case candidate_reason::pinned_elsewhere: return "pinned_elsewhere";
    case candidate_reason::already_rejected: return "already_rejected";
  }
  return "";
}

}  // namespace stellwerk::policy
