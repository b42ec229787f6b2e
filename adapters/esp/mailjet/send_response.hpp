// From the answer of Send API v3.1 to the fates of the recipients of its one entry.
#pragma once

#include <vector>

#include "adapters/esp/mapping.hpp"

namespace stellwerk::adapters::esp::mailjet {

[[nodiscard]] std::vector<mail::recipient_outcome> read_send_response(const attempt& what, const vendor_answer& answer);

}  // namespace stellwerk::adapters::esp::mailjet
