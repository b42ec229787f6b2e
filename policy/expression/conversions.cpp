// Conversions between types: exact or an error, never a wrap-around.
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/text.hpp"
#include "policy/expression/implementations.hpp"
#include "policy/expression/literal.hpp"
#include "policy/expression/number_text.hpp"
#include "policy/expression/time_text.hpp"

namespace stellwerk::policy::expression::implementations {
namespace {

constexpr double two_to_63 = 9223372036854775808.0;
constexpr double two_to_64 = 18446744073709551616.0;

value out_of_range(const call_context& context, std::string_view what) {
  return context.fail(fmt::format("{} out of range", what));
}

value unreadable(const call_context& context, std::string_view what, std::string_view text) {
  return context.fail(fmt::format("'{}' is not {}", text.substr(0, 40), what));
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number out{};
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (trouble != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

}  // namespace

value to_dyn(const call_context& /*context*/, arguments a) { return a[0]; }

value to_type(const call_context& /*context*/, arguments a) { return value::type(type_name(a[0].kind())); }

value to_boolean(const call_context& context, arguments a) {
  static constexpr std::array<std::string_view, 5> yes{"1", "t", "true", "TRUE", "True"};
  static constexpr std::array<std::string_view, 5> no{"0", "f", "false", "FALSE", "False"};
  if (a[0].is(value_kind::boolean)) return a[0];
  if (!a[0].is(value_kind::string)) return context.no_overload(a);
  const std::string_view text = a[0].as_text();
  if (std::find(yes.begin(), yes.end(), text) != yes.end()) return value::boolean(true);
  if (std::find(no.begin(), no.end(), text) != no.end()) return value::boolean(false);
  return unreadable(context, "a bool", text);
}

value to_integer(const call_context& context, arguments a) {
  switch (a[0].kind()) {
    case value_kind::integer: return a[0];
    case value_kind::unsigned_integer:
      if (a[0].as_unsigned() > INT64_MAX) return out_of_range(context, "int");
      return value::integer(static_cast<std::int64_t>(a[0].as_unsigned()));
    case value_kind::real: {
      // Both ends are excluded: their doubles stand for integers beyond them as well.
      const double d = a[0].as_real();
      if (!(d > -two_to_63 && d < two_to_63)) return out_of_range(context, "int");
      return value::integer(static_cast<std::int64_t>(d));
    }
    case value_kind::string: {
      const auto read = whole_number<std::int64_t>(a[0].as_text());
      return read ? value::integer(*read) : unreadable(context, "an int", a[0].as_text());
    }
    case value_kind::timestamp: return value::integer(a[0].as_timestamp().seconds);
    case value_kind::duration:
      return value::integer(std::chrono::duration_cast<std::chrono::seconds>(a[0].as_duration()).count());
    default: return context.no_overload(a);
  }
}

value to_unsigned(const call_context& context, arguments a) {
  switch (a[0].kind()) {
    case value_kind::unsigned_integer: return a[0];
    case value_kind::integer:
      if (a[0].as_integer() < 0) return out_of_range(context, "uint");
      return value::unsigned_integer(static_cast<std::uint64_t>(a[0].as_integer()));
    case value_kind::real: {
      const double d = a[0].as_real();
      if (!(d >= 0 && d < two_to_64)) return out_of_range(context, "uint");
      return value::unsigned_integer(static_cast<std::uint64_t>(d));
    }
    case value_kind::string: {
      const auto read = whole_number<std::uint64_t>(a[0].as_text());
      return read ? value::unsigned_integer(*read) : unreadable(context, "a uint", a[0].as_text());
    }
    default: return context.no_overload(a);
  }
}

value to_real(const call_context& context, arguments a) {
  switch (a[0].kind()) {
    case value_kind::real: return a[0];
    case value_kind::integer: return value::real(static_cast<double>(a[0].as_integer()));
    case value_kind::unsigned_integer: return value::real(static_cast<double>(a[0].as_unsigned()));
    case value_kind::string: {
      std::string_view text = a[0].as_text();
      if (text.starts_with('+')) text.remove_prefix(1);
      const auto read = text.starts_with('+') ? std::nullopt : decode_real(text);
      return read ? value::real(*read) : unreadable(context, "a double", a[0].as_text());
    }
    default: return context.no_overload(a);
  }
}

value to_text(const call_context& context, arguments a) {
  const auto made = [&](const std::string& text) { return value::string(context.memory().copy(text)); };
  switch (a[0].kind()) {
    case value_kind::string: return a[0];
    case value_kind::boolean: return value::string(a[0].as_boolean() ? "true" : "false");
    case value_kind::integer: return made(fmt::format("{}", a[0].as_integer()));
    case value_kind::unsigned_integer: return made(fmt::format("{}", a[0].as_unsigned()));
    case value_kind::real: return made(number_text(a[0].as_real()));
    case value_kind::bytes:
      if (!context.charge_text(a[0].as_text().size())) return context.over_limit();
      if (!is_valid_utf8(a[0].as_text())) return context.fail("the bytes are not valid UTF-8");
      return value::string(a[0].as_text());
    case value_kind::timestamp: return made(to_string(a[0].as_timestamp(), fraction::shortest));
    case value_kind::duration: return made(to_string(a[0].as_duration(), fraction::shortest));
    default: return context.no_overload(a);
  }
}

value to_bytes(const call_context& context, arguments a) {
  if (a[0].is(value_kind::bytes)) return a[0];
  return a[0].is(value_kind::string) ? value::bytes(a[0].as_text()) : context.no_overload(a);
}

value to_timestamp(const call_context& context, arguments a) {
  if (a[0].is(value_kind::timestamp)) return a[0];
  if (a[0].is(value_kind::integer)) {
    const auto at = timestamp_of_seconds(a[0].as_integer());
    return at ? value::timestamp(*at) : out_of_range(context, "timestamp");
  }
  if (!a[0].is(value_kind::string)) return context.no_overload(a);
  const auto at = parse_timestamp(a[0].as_text());
  return at ? value::timestamp(*at) : unreadable(context, "a timestamp of RFC 3339, years 1 to 9999", a[0].as_text());
}

value to_duration(const call_context& context, arguments a) {
  if (a[0].is(value_kind::duration)) return a[0];
  if (a[0].is(value_kind::integer)) {
    std::int64_t nanos = 0;
    if (__builtin_mul_overflow(a[0].as_integer(), std::int64_t{1'000'000'000}, &nanos))
      return out_of_range(context, "duration");
    return value::duration(std::chrono::nanoseconds{nanos});
  }
  if (!a[0].is(value_kind::string)) return context.no_overload(a);
  const auto d = parse_duration(a[0].as_text());
  return d ? value::duration(*d) : unreadable(context, "a duration such as 90s or 1h30m", a[0].as_text());
}

}  // namespace stellwerk::policy::expression::implementations
