// From the content of an attempt to the JSON of Send API v3.1.
#pragma once

#include <string>
#include <variant>

#include "adapters/esp/mapping.hpp"

namespace stellwerk::adapters::esp::mailjet {

// The body of the request, or what of the message has no place in it.
[[nodiscard]] std::variant<std::string, cannot_carry> build_send_body(const attempt& what, bool sandbox);

// {"queue_id": ...}: echoed in every event, beside CustomID.
[[nodiscard]] std::string event_payload(const attempt& what);

// At most `octets_max` octets of UTF-8, no character cut in two.
[[nodiscard]] std::string_view cut_utf8(std::string_view text, std::size_t octets_max);

}  // namespace stellwerk::adapters::esp::mailjet
