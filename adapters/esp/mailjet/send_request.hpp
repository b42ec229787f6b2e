// From the content of an attempt to the JSON of Send API v3.1.
#pragma once

#include <span>
#include <string>

#include "adapters/esp/mapping.hpp"

namespace stellwerk::adapters::esp::mailjet {

inline constexpr std::size_t recipients_max = 50;  // of a message, and of a request

// An element of Messages, or what of the message has no place in it.
[[nodiscard]] entry_result build_send_entry(const attempt& what);
// The body of a request.
[[nodiscard]] std::string join_send_entries(std::span<const vendor_entry* const> entries, bool sandbox);

// {"queue_id": ...}: echoed in every event, beside CustomID.
[[nodiscard]] std::string event_payload(const attempt& what);

// At most `octets_max` octets of UTF-8, no character cut in two.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t octets_max);

}  // namespace stellwerk::adapters::esp::mailjet
