// Parts of timestamps, in UTC or a given zone, and of durations.
#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "policy/expression/implementations.hpp"
#include "policy/expression/time_zone.hpp"

namespace stellwerk::policy::expression::implementations {
namespace {

struct local_time {
  std::chrono::year_month_day date;
  std::chrono::sys_days day;
  std::chrono::hh_mm_ss<std::chrono::seconds> time;
  std::int32_t nanoseconds;
};

// `part` takes the local time and answers a number.
template <class Part>
value of_timestamp(const call_context& context, arguments a, Part part) {
  if (!a[0].is(value_kind::timestamp) || (a.size() == 2 && !a[1].is(value_kind::string))) return context.no_overload(a);
  const instant at = a[0].as_timestamp();
  std::int64_t offset = 0;
  if (a.size() == 2) {
    const auto& zone = context.site().zone;
    const std::optional<std::int64_t> known =
        zone ? seconds_east(*zone, at.seconds) : seconds_east(a[1].as_text(), at.seconds);
    if (!known) return context.fail(fmt::format("unknown time zone '{}'", a[1].as_text().substr(0, 40)));
    offset = *known;
  }
  const std::chrono::sys_seconds local{std::chrono::seconds{at.seconds + offset}};
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const local_time parts{std::chrono::year_month_day{day}, day, std::chrono::hh_mm_ss{local - day}, at.nanoseconds};
  return value::integer(static_cast<std::int64_t>(part(parts)));
}

template <class Unit>
value of_duration(const value& d) {
  return value::integer(std::chrono::duration_cast<Unit>(d.as_duration()).count());
}

}  // namespace

value get_full_year(const call_context& context, arguments a) {
  return of_timestamp(context, a, [](const local_time& t) { return int{t.date.year()}; });
}

value get_month(const call_context& context, arguments a) {
  return of_timestamp(context, a, [](const local_time& t) { return unsigned{t.date.month()} - 1; });
}

value get_date(const call_context& context, arguments a) {
  return of_timestamp(context, a, [](const local_time& t) { return unsigned{t.date.day()}; });
}

value get_day_of_month(const call_context& context, arguments a) {
  return of_timestamp(context, a, [](const local_time& t) { return unsigned{t.date.day()} - 1; });
}

value get_day_of_week(const call_context& context, arguments a) {
  return of_timestamp(context, a, [](const local_time& t) { return std::chrono::weekday{t.day}.c_encoding(); });
}

value get_day_of_year(const call_context& context, arguments a) {
  return of_timestamp(context, a, [](const local_time& t) {
    return (t.day - std::chrono::sys_days{t.date.year() / std::chrono::January / 1}).count();
  });
}

value get_hours(const call_context& context, arguments a) {
  if (a.size() == 1 && a[0].is(value_kind::duration)) return of_duration<std::chrono::hours>(a[0]);
  return of_timestamp(context, a, [](const local_time& t) { return t.time.hours().count(); });
}

value get_minutes(const call_context& context, arguments a) {
  if (a.size() == 1 && a[0].is(value_kind::duration)) return of_duration<std::chrono::minutes>(a[0]);
  return of_timestamp(context, a, [](const local_time& t) { return t.time.minutes().count(); });
}

value get_seconds(const call_context& context, arguments a) {
  if (a.size() == 1 && a[0].is(value_kind::duration)) return of_duration<std::chrono::seconds>(a[0]);
  return of_timestamp(context, a, [](const local_time& t) { return t.time.seconds().count(); });
}

// Of a duration the milliseconds within its second, not the whole of it: so the specification has it.
value get_milliseconds(const call_context& context, arguments a) {
  if (a.size() == 1 && a[0].is(value_kind::duration)) {
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(a[0].as_duration()).count();
    return value::integer(whole % 1000);
  }
  return of_timestamp(context, a, [](const local_time& t) { return t.nanoseconds / 1'000'000; });
}

}  // namespace stellwerk::policy::expression::implementations
