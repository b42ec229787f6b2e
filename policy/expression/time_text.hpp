// Timestamps and durations as the language writes and reckons them: RFC 3339 with nanoseconds, years 1 to 9999;
// durations of 64-bit nanoseconds (about 292 years), "1h30m", "-1.5s", "250ms".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "policy/expression/value.hpp"

namespace stellwerk::policy::expression {

[[nodiscard]] std::optional<instant> parse_timestamp(std::string_view text);  // any offset; nothing when out of range
[[nodiscard]] std::optional<instant> timestamp_of_seconds(std::int64_t seconds_since_epoch);
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

// How many digits of a second's fraction are written.
enum class fraction { shortest, in_threes };  // string() writes the shortest; JSON writes 0, 3, 6 or 9
[[nodiscard]] std::string to_string(instant at, fraction digits);
[[nodiscard]] std::string to_string(std::chrono::nanoseconds d, fraction digits);  // seconds: "5400s", "-1.5s"

[[nodiscard]] std::optional<instant> shifted(instant at, std::chrono::nanoseconds by);
[[nodiscard]] std::optional<std::chrono::nanoseconds> distance(instant later, instant earlier);

}  // namespace stellwerk::policy::expression
