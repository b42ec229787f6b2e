#include "base/clock.hpp"

#include <array>
#include <cstdio>

namespace stellwerk {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return std::nullopt;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

struct civil {
  std::chrono::year_month_day date;
  std::chrono::weekday weekday;
  std::chrono::hh_mm_ss<milliseconds> time;
};

civil civil_of(time_point at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  return {std::chrono::year_month_day{day}, std::chrono::weekday{day}, std::chrono::hh_mm_ss<milliseconds>{at - day}};
}

// "Z" or "+hh:mm"; the offset east of UTC in minutes.
std::optional<int> parse_offset(std::string_view zone) {
  if (zone == "Z" || zone == "z") return 0;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
  const auto hours = digits(zone, 1, 2);
  const auto minutes = digits(zone, 4, 2);
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const int total = *hours * 60 + *minutes;
  return zone[0] == '-' ? -total : total;
}

}  // namespace

time_point system_clock::now() const noexcept {
  return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

steady_point system_clock::steady() const noexcept { return std::chrono::steady_clock::now(); }

manual_clock::manual_clock(time_point start)
    : wall_ns_{duration_cast<nanoseconds>(start.time_since_epoch()).count()},
      steady_ns_{duration_cast<nanoseconds>(std::chrono::hours{1}).count()} {}

time_point manual_clock::now() const noexcept {
  return time_point{duration_cast<milliseconds>(nanoseconds{wall_ns_.load(std::memory_order_relaxed)})};
}

steady_point manual_clock::steady() const noexcept {
  return steady_point{nanoseconds{steady_ns_.load(std::memory_order_relaxed)}};
}

void manual_clock::advance(nanoseconds by) noexcept {
  wall_ns_ += by.count();
  steady_ns_ += by.count();
}

void manual_clock::jump(duration by) noexcept { wall_ns_ += duration_cast<nanoseconds>(by).count(); }

// By hand: every log line begins with one, and the formatted output of the C library costs more than the rest of the
// line.
std::string to_rfc3339(time_point at) {
  const civil c = civil_of(at);
  std::string out = "0000-00-00T00:00:00.000Z";
  const auto put = [&out](std::size_t end, int value, int count) {
    for (; count > 0; --count, value /= 10) out[--end] = static_cast<char>('0' + value % 10);
  };
  put(4, int{c.date.year()}, 4);
  put(7, static_cast<int>(unsigned{c.date.month()}), 2);
  put(10, static_cast<int>(unsigned{c.date.day()}), 2);
  put(13, static_cast<int>(c.time.hours().count()), 2);
  put(16, static_cast<int>(c.time.minutes().count()), 2);
  put(19, static_cast<int>(c.time.seconds().count()), 2);
  put(23, static_cast<int>(c.time.subseconds().count()), 3);
  return out;
}

std::optional<time_point> parse_rfc3339(std::string_view text) {
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text.size() < 20) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || (text[10] | 0x20) != 't' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  std::size_t at = 19;
  int milli = 0;
  if (text[at] == '.') {
    int scale = 100;
    const std::size_t first = ++at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) milli += (text[at] - '0') * scale;
    if (at == first) return std::nullopt;
  }
  const auto offset = parse_offset(text.substr(at));
  if (!offset) return std::nullopt;
  return time_point{std::chrono::sys_days{date}.time_since_epoch() + std::chrono::hours{*hour} +
                    std::chrono::minutes{*minute - *offset} + std::chrono::seconds{*second} + milliseconds{milli}};
}

std::string to_rfc5322(time_point at) {
  static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const civil c = civil_of(at);
  std::array<char, 48> buffer{};
  const int n =
      std::snprintf(buffer.data(), buffer.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000", days[c.weekday.c_encoding()],
                    unsigned{c.date.day()}, months[unsigned{c.date.month()} - 1], int{c.date.year()},
                    static_cast<int>(c.time.hours().count()), static_cast<int>(c.time.minutes().count()),
                    static_cast<int>(c.time.seconds().count()));
  return {buffer.data(), static_cast<std::size_t>(n)};
}

}  // namespace stellwerk
