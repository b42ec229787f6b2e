#include "mail/recipient_state.hpp"

namespace stellwerk::mail {

std::string_view to_string(recipient_state state) {
  switch (state) {
    case recipient_state::scheduled: return "scheduled";
    case recipient_state::ready: return "ready";
    case recipient_state::attempting: return "attempting";
    case recipient_state::deferred: return "deferred";
    case recipient_state::unknown: return "unknown";
    case recipient_state::held: return "held";
    case recipient_state::delivered: return "delivered";
    case recipient_state::bounced: return "bounced";
    case recipient_state::expired: return "expired";
    case recipient_state::refused: return "refused";
    case recipient_state::suppressed: return "suppressed";
    case recipient_state::cancelled: return "cancelled";
    case recipient_state::discarded: return "discarded";
    case recipient_state::dead_lettered: return "dead_lettered";
  }
  return "unknown";
}

std::optional<recipient_state> parse_recipient_state(std::string_view text) {
  for (const recipient_state state : all_recipient_states) {
    if (text == to_string(state)) return state;
  }
  return std::nullopt;
}

}  // namespace stellwerk::mail
