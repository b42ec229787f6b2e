// The traffic stream of a message: decided once, at acceptance.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stellwerk::mail {

enum class traffic_stream : std::uint8_t { transactional = 1, marketing = 2 };
inline constexpr traffic_stream all_traffic_streams[] = {traffic_stream::transactional, traffic_stream::marketing};

[[nodiscard]] std::string_view to_string(traffic_stream stream);
[[nodiscard]] std::optional<traffic_stream> parse_traffic_stream(std::string_view text);

// Who decided, in the order of contracts section 2.
enum class stream_source : std::uint8_t { pin = 1, explicit_choice = 2, rule = 3, signal = 4, default_choice = 5 };
[[nodiscard]] std::string_view to_string(stream_source source);  // pin, explicit, rule, signal, default

}  // namespace stellwerk::mail
