// The shortest text of a double that reads back as the same number.
#pragma once

#include <string>

namespace stellwerk::policy::expression {

[[nodiscard]] std::string number_text(double d);  // "1", "0.5", "1e+300", "NaN", "+Inf", "-Inf"

}  // namespace stellwerk::policy::expression
