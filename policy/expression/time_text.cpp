#include "policy/expression/time_text.hpp"

#include <array>
#include <limits>

#include <fmt/format.h>

namespace stellwerk::policy::expression {
namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t second_min = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t second_max = 253'402'300'799;  // 9999-12-31T23:59:59Z
constexpr std::int64_t billion = 1'000'000'000;

// 128 bits keep sums and differences exact until the bounds are looked at.
__extension__ typedef __int128 wide;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  int out = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    out = out * 10 + (text[i] - '0');
  }
  return out;
}

// Seconds east of UTC from "Z" or "+hh:mm".
std::optional<int> zone_offset(std::string_view zone) {
  if (zone == "Z" || zone == "z") return 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
  const auto hours = digits(zone, 1, 2), minutes = digits(zone, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return (zone[0] == '-' ? -60 : 60) * (*hours * 60 + *minutes);
}

std::optional<instant> in_range(instant at) {
  if (at.seconds < second_min || at.seconds > second_max) return std::nullopt;
  return at;
}

// ".123" at `at`, which moves past it; at most nine digits.
std::optional<std::int32_t> fraction_digits(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != '.') return 0;
  std::int32_t out = 0;
  std::int32_t scale = 100'000'000;
  const std::size_t first = ++at;
  for (; at < text.size() && is_digit(text[at]); ++at, scale /= 10) out += (text[at] - '0') * scale;
  if (at == first || at - first > 9) return std::nullopt;
  return out;
}

std::string fraction_text(std::int32_t nanos, fraction digits) {
  if (nanos == 0) return {};
  std::string text = fmt::format(".{:09}", nanos);
  const std::size_t step = digits == fraction::in_threes ? 3 : 1;
  while (text.ends_with(std::string_view{"000"}.substr(0, step))) text.resize(text.size() - step);
  return text;
}

struct duration_unit {
  std::string_view name;
  std::int64_t nanos;
};
constexpr std::array duration_units{duration_unit{"ns", 1},           duration_unit{"us", 1000},
                                    duration_unit{"\u00b5s", 1000},   duration_unit{"\u03bcs", 1000},
                                    duration_unit{"ms", 1'000'000},   duration_unit{"s", billion},
                                    duration_unit{"m", 60 * billion}, duration_unit{"h", 3600 * billion}};

// One "1.5h" at `at`, which moves past it.
std::optional<wide> duration_part(std::string_view text, std::size_t& at) {
  wide whole = 0, part = 0, scale = 1;
  const std::size_t first = at;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    whole = whole * 10 + (text[at] - '0');
    if (whole > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  }
  std::size_t seen = at - first;
  if (at < text.size() && text[at] == '.') {
    for (++at; at < text.size() && is_digit(text[at]); ++at, ++seen) {
      if (scale < billion * static_cast<wide>(billion)) {
        part = part * 10 + (text[at] - '0');
        scale *= 10;
      }
    }
  }
  if (seen == 0) return std::nullopt;
  for (const duration_unit& unit : duration_units) {
    if (!text.substr(at).starts_with(unit.name)) continue;
    const std::size_t end = at + unit.name.size();
    if (end < text.size() && !is_digit(text[end]) && text[end] != '.') continue;  // the m of "ms"
    at = end;
    return whole * unit.nanos + part * unit.nanos / scale;
  }
  return std::nullopt;
}

}  // namespace

std::optional<instant> parse_timestamp(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text.size() < 20) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  std::size_t at = 19;
  const auto nanos = fraction_digits(text, at);
  if (!nanos) return std::nullopt;
  const auto offset = zone_offset(text.substr(at));
  if (!offset) return std::nullopt;
  const auto days = std::chrono::sys_days{date}.time_since_epoch();
  const std::int64_t since = std::chrono::seconds{days}.count() + *hour * 3600 + *minute * 60 + *second - *offset;
  return in_range({since, *nanos});
}

std::optional<instant> timestamp_of_seconds(std::int64_t seconds_since_epoch) {
  return in_range({seconds_since_epoch, 0});
}

std::optional<nanoseconds> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return nanoseconds{0};
  if (text.empty()) return std::nullopt;
  wide sum = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto part = duration_part(text, at);
    if (!part) return std::nullopt;
    sum += *part;
    if (sum > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  }
  return nanoseconds{static_cast<std::int64_t>(negative ? -sum : sum)};
}

std::string to_string(instant at, fraction digits) {
  const std::chrono::sys_seconds second{std::chrono::seconds{at.seconds}};
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{second - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", int{date.year()}, unsigned{date.month()},
                     unsigned{date.day()}, time.hours().count(), time.minutes().count(), time.seconds().count(),
                     fraction_text(at.nanoseconds, digits));
}

std::string to_string(nanoseconds d, fraction digits) {
  // Two's complement has one more negative number: the size is taken unsigned.
  const bool negative = d.count() < 0;
  const std::uint64_t size =
      negative ? 0 - static_cast<std::uint64_t>(d.count()) : static_cast<std::uint64_t>(d.count());
  return fmt::format("{}{}{}s", negative ? "-" : "", size / billion,
                     fraction_text(static_cast<std::int32_t>(size % billion), digits));
}

std::optional<instant> shifted(instant at, nanoseconds by) {
  std::int64_t seconds = at.seconds + by.count() / billion;
  std::int64_t nanos = at.nanoseconds + by.count() % billion;
  if (nanos < 0) {
    nanos += billion;
    --seconds;
  } else if (nanos >= billion) {
    nanos -= billion;
    ++seconds;
  }
  return in_range({seconds, static_cast<std::int32_t>(nanos)});
}

std::optional<nanoseconds> distance(instant later, instant earlier) {
  const wide between =
      static_cast<wide>(later.seconds - earlier.seconds) * billion + (later.nanoseconds - earlier.nanoseconds);
  if (between > std::numeric_limits<std::int64_t>::max() || between < std::numeric_limits<std::int64_t>::min()) {
    return std::nullopt;
  }
  return nanoseconds{static_cast<std::int64_t>(between)};
}

}  // namespace stellwerk::policy::expression
