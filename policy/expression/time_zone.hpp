// Offsets from UTC: "UTC", "+02:00", "-09:30", "02:00".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stellwerk::policy::expression {

// Seconds east of UTC at that moment; nothing for a zone that is not known.
[[nodiscard]] std::optional<std::int64_t> zone_offset_at(std::string_view zone, std::int64_t seconds_since_epoch);

}  // namespace stellwerk::policy::expression
