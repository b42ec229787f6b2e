// Named bounds that are not configured: each with its unit and the reason. Configurable ones live in the *_config.hpp
// of their part.
#pragma once

#include <cstddef>
#include <cstdint>

namespace stellwerk::limits {

inline constexpr std::size_t history_attempts_max =
    20;  // attempts kept per recipient: enough for five days of retries to be understood
inline constexpr std::size_t reply_bytes_max =
    512;  // foreign reply text kept; one SMTP reply line (RFC 5321 4.5.3.1.5)
inline constexpr std::uint32_t intents_lost_max = 3;  // attempts in a row lost to a crash: then the message is poison
inline constexpr std::size_t accept_mailbox_max =
    20'000;  // submissions on their way to the dispatcher: beyond, the door says 452
inline constexpr std::size_t events_page_max = 500;  // ledger rows read at once for a watcher

}  // namespace stellwerk::limits
