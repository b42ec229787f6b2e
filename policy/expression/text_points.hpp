// Strings as sequences of code points. A stray byte of invalid UTF-8 (facts come from the wire) counts with the
// character before it; nothing here fails on it.
#pragma once

#include <cstddef>
#include <string_view>

namespace stellwerk::policy::expression {

[[nodiscard]] std::size_t count_points(std::string_view text);

// The byte offset of the point numbered `point`; text.size() when there are no more than that.
[[nodiscard]] std::size_t offset_of_point(std::string_view text, std::size_t point);

// The first character, whole.
[[nodiscard]] std::string_view first_point(std::string_view text);

// Without the characters of Unicode's White_Space property at either end.
[[nodiscard]] std::string_view trim_white_space(std::string_view text);

}  // namespace stellwerk::policy::expression
