// Values as JSON: a timestamp or duration as its JSON string, bytes as base64; NaN and infinities as strings.
#pragma once

#include <string>

#include "policy/expression/memory.hpp"
#include "policy/expression/value.hpp"

namespace stellwerk::policy::expression {

// `memory` serves containers that are built while they are read.
void append_json(std::string& out, const value& v, evaluation_memory& memory);
[[nodiscard]] std::string to_json(const value& v, evaluation_memory& memory);

}  // namespace stellwerk::policy::expression
