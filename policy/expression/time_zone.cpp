#include "policy/expression/time_zone.hpp"

namespace stellwerk::policy::expression {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "[+-]hh:mm".
std::optional<std::int64_t> fixed_offset(std::string_view zone) {
  const bool west = zone.starts_with('-');
  if (west || zone.starts_with('+')) zone.remove_prefix(1);
  if (zone.size() != 5 || zone[2] != ':' || !is_digit(zone[0]) || !is_digit(zone[1]) || !is_digit(zone[3]) ||
      !is_digit(zone[4])) {
    return std::nullopt;
  }
  const int hours = (zone[0] - '0') * 10 + (zone[1] - '0');
  const int minutes = (zone[3] - '0') * 10 + (zone[4] - '0');
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (west ? -60 : 60) * (hours * 60 + minutes);
}

}  // namespace

std::optional<std::int64_t> zone_offset_at(std::string_view zone, std::int64_t /*seconds_since_epoch*/) {
  if (zone == "UTC" || zone == "GMT" || zone == "Z") return 0;
  return fixed_offset(zone);
}

}  // namespace stellwerk::policy::expression
