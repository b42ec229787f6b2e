// The enhanced status code of RFC 3463: class.subject.detail.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stellwerk::mail {

struct enhanced_status {
  std::uint16_t status_class = 0;  // 2 success, 4 persistent transient, 5 permanent
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;

  [[nodiscard]] std::string to_string() const;  // "5.1.1"
  // The whole text must be one code: class 2, 4 or 5, the others of one to three digits without leading zeros.
  [[nodiscard]] static std::optional<enhanced_status> parse(std::string_view text);
  [[nodiscard]] bool is_permanent() const { return status_class == 5; }
  friend auto operator<=>(const enhanced_status&, const enhanced_status&) = default;
};

}  // namespace stellwerk::mail
