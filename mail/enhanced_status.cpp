#include "mail/enhanced_status.hpp"

#include "base/text.hpp"

namespace stellwerk::mail {
namespace {

std::optional<std::uint16_t> parse_part(std::string_view digits) {
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  const auto value = parse_decimal(digits);
  if (!value) return std::nullopt;
  return static_cast<std::uint16_t>(*value);
}

}  // namespace

std::string enhanced_status::to_string() const {
  return std::to_string(status_class) + '.' + std::to_string(subject) + '.' + std::to_string(detail);
}

std::optional<enhanced_status> enhanced_status::parse(std::string_view text) {
  if (text.size() < 5 || text.size() > 9 || text[1] != '.') return std::nullopt;
  if (text[0] != '2' && text[0] != '4' && text[0] != '5') return std::nullopt;
  const auto dot = text.find('.', 2);
  if (dot == std::string_view::npos) return std::nullopt;
  const auto subject = parse_part(text.substr(2, dot - 2));
  const auto detail = parse_part(text.substr(dot + 1));
  if (!subject || !detail) return std::nullopt;
  return enhanced_status{static_cast<std::uint16_t>(text[0] - '0'), *subject, *detail};
}

}  // namespace stellwerk::mail
