#include "policy/expression/number_text.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace stellwerk::policy::expression {

std::string number_text(double d) {
  if (std::isnan(d)) return "NaN";
  if (std::isinf(d)) return d > 0 ? "+Inf" : "-Inf";
  std::array<char, 40> buffer{};
  // Plain digits where people write plain digits, an exponent beyond.
  const double size = std::abs(d);
  const auto format =
      size == 0 || (size >= 1e-5 && size < 1e21) ? std::chars_format::fixed : std::chars_format::scientific;
  const auto [end, trouble] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), d, format);
  return {buffer.data(), end};
}

}  // namespace stellwerk::policy::expression
