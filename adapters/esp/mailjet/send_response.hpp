// From the answer of Send API v3.1 to the fates of the recipients of each entry.
#pragma once

#include <span>

#include "adapters/esp/mapping.hpp"

namespace stellwerk::adapters::esp::mailjet {

[[nodiscard]] batch_reading read_send_response(std::span<const attempt* const> sent, const vendor_answer& answer);

}  // namespace stellwerk::adapters::esp::mailjet
