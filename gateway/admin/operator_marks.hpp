// operator_marks: drained and suspended destinations, kept in the store so that a restart does not open what an
// operator closed. Thread rule: pure, but for restore_marks: dispatch thread, or before it runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "gateway/delivery/destination_table.hpp"

namespace stellwerk::admin {

inline constexpr std::string_view operator_marks_note = "operator_marks";

[[nodiscard]] std::string encode_marks(const std::vector<delivery::destination_snapshot>& destinations);
// What ended meanwhile, and destinations that are gone, are left out. False: not a text of encode_marks.
[[nodiscard]] bool restore_marks(std::string_view text, delivery::destination_table& table, time_point now);

}  // namespace stellwerk::admin
