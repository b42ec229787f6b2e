// The states of a recipient: exactly these words in proto, metrics, command line and logs (architecture section 3).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace stellwerk::mail {

// The numbers are those of stellwerk.v1.RecipientState.State and are stored.
enum class recipient_state : std::uint8_t {
  scheduled = 1,   // waits for send_at
  ready = 2,       // allowed to start now
  attempting = 3,  // an attempt is in flight
  deferred = 4,    // waits for its next attempt
  unknown = 5,     // an attempt may have handed over
  held = 6,        // waits for an operator or a policy
  delivered = 7,
  bounced = 8,
  expired = 9,
  refused = 10,
  suppressed = 11,
  cancelled = 12,
  discarded = 13,
  dead_lettered = 14,
};
inline constexpr std::array<recipient_state, 14> all_recipient_states{
    recipient_state::scheduled, recipient_state::ready,        recipient_state::attempting, recipient_state::deferred,
    recipient_state::unknown,   recipient_state::held,         recipient_state::delivered,  recipient_state::bounced,
    recipient_state::expired,   recipient_state::refused,      recipient_state::suppressed, recipient_state::cancelled,
    recipient_state::discarded, recipient_state::dead_lettered};

[[nodiscard]] constexpr bool is_final(recipient_state state) { return state >= recipient_state::delivered; }
[[nodiscard]] std::string_view to_string(recipient_state state);
[[nodiscard]] std::optional<recipient_state> parse_recipient_state(std::string_view text);

}  // namespace stellwerk::mail
