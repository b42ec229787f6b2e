// Arithmetic: overflow and division by zero are errors, doubles follow IEEE 754, times stay within the years 1 to 9999.
#include <cstring>
#include <limits>
#include <optional>

#include "policy/expression/containers.hpp"
#include "policy/expression/implementations.hpp"
#include "policy/expression/time_text.hpp"

namespace stellwerk::policy::expression::implementations {
namespace {

using std::chrono::nanoseconds;

bool both(arguments a, value_kind kind) { return a[0].is(kind) && a[1].is(kind); }
bool kinds(arguments a, value_kind first, value_kind second) { return a[0].is(first) && a[1].is(second); }

value overflow(const call_context& context) { return context.fail("integer overflow"); }

value time_or_error(const call_context& context, std::optional<instant> at) {
  return at ? value::timestamp(*at) : context.fail("timestamp out of range");
}

value joined_text(const call_context& context, arguments a) {
  const std::string_view x = a[0].as_text(), y = a[1].as_text();
  if (!context.charge_text(x.size() + y.size())) return context.over_limit();
  const auto out = context.memory().make_text(x.size() + y.size());
  if (!x.empty()) std::memcpy(out.data(), x.data(), x.size());
  if (!y.empty()) std::memcpy(out.data() + x.size(), y.data(), y.size());
  const std::string_view text{out.data(), out.size()};
  return a[0].is(value_kind::bytes) ? value::bytes(text) : value::string(text);
}

value joined_lists(const call_context& context, arguments a) {
  const list_view &x = a[0].as_list(), &y = a[1].as_list();
  const std::size_t first = x.size(), second = y.size();
  if (!context.charge(first + second)) return context.over_limit();
  const auto out = context.memory().make_array<value>(first + second);
  for (std::size_t i = 0; i < first; ++i) out[i] = x.at(i);
  for (std::size_t i = 0; i < second; ++i) out[first + i] = y.at(i);
  return value::list(*context.memory().make<value_list>(out));
}

value duration_or_error(const call_context& context, std::int64_t count, bool overflowed) {
  return overflowed ? context.fail("duration out of range") : value::duration(nanoseconds{count});
}

}  // namespace

value add(const call_context& context, arguments a) {
  if (both(a, value_kind::integer)) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a[0].as_integer(), a[1].as_integer(), &sum) ? overflow(context) : value::integer(sum);
  }
  if (both(a, value_kind::unsigned_integer)) {
    std::uint64_t sum = 0;
    return __builtin_add_overflow(a[0].as_unsigned(), a[1].as_unsigned(), &sum) ? overflow(context)
                                                                                : value::unsigned_integer(sum);
  }
  if (both(a, value_kind::real)) return value::real(a[0].as_real() + a[1].as_real());
  if (both(a, value_kind::string) || both(a, value_kind::bytes)) return joined_text(context, a);
  if (both(a, value_kind::list)) return joined_lists(context, a);
  if (kinds(a, value_kind::timestamp, value_kind::duration)) {
    return time_or_error(context, shifted(a[0].as_timestamp(), a[1].as_duration()));
  }
  if (kinds(a, value_kind::duration, value_kind::timestamp)) {
    return time_or_error(context, shifted(a[1].as_timestamp(), a[0].as_duration()));
  }
  if (both(a, value_kind::duration)) {
    std::int64_t sum = 0;
    const bool over = __builtin_add_overflow(a[0].as_duration().count(), a[1].as_duration().count(), &sum);
    return duration_or_error(context, sum, over);
  }
  return context.no_overload(a);
}

value subtract(const call_context& context, arguments a) {
  if (both(a, value_kind::integer)) {
    std::int64_t rest = 0;
    return __builtin_sub_overflow(a[0].as_integer(), a[1].as_integer(), &rest) ? overflow(context)
                                                                               : value::integer(rest);
  }
  if (both(a, value_kind::unsigned_integer)) {
    std::uint64_t rest = 0;
    return __builtin_sub_overflow(a[0].as_unsigned(), a[1].as_unsigned(), &rest) ? overflow(context)
                                                                                 : value::unsigned_integer(rest);
  }
  if (both(a, value_kind::real)) return value::real(a[0].as_real() - a[1].as_real());
  if (both(a, value_kind::timestamp)) {
    const auto between = distance(a[0].as_timestamp(), a[1].as_timestamp());
    return between ? value::duration(*between) : context.fail("duration out of range");
  }
  if (kinds(a, value_kind::timestamp, value_kind::duration)) {
    if (a[1].as_duration() == nanoseconds::min()) return context.fail("timestamp out of range");
    return time_or_error(context, shifted(a[0].as_timestamp(), -a[1].as_duration()));
  }
  if (both(a, value_kind::duration)) {
    std::int64_t rest = 0;
    const bool over = __builtin_sub_overflow(a[0].as_duration().count(), a[1].as_duration().count(), &rest);
    return duration_or_error(context, rest, over);
  }
  return context.no_overload(a);
}

value multiply(const call_context& context, arguments a) {
  if (both(a, value_kind::integer)) {
    std::int64_t product = 0;
    return __builtin_mul_overflow(a[0].as_integer(), a[1].as_integer(), &product) ? overflow(context)
                                                                                  : value::integer(product);
  }
  if (both(a, value_kind::unsigned_integer)) {
    std::uint64_t product = 0;
    return __builtin_mul_overflow(a[0].as_unsigned(), a[1].as_unsigned(), &product) ? overflow(context)
                                                                                    : value::unsigned_integer(product);
  }
  if (both(a, value_kind::real)) return value::real(a[0].as_real() * a[1].as_real());
  return context.no_overload(a);
}

value divide(const call_context& context, arguments a) {
  if (both(a, value_kind::integer)) {
    const std::int64_t over = a[0].as_integer(), by = a[1].as_integer();
    if (by == 0) return context.fail("division by zero");
    if (over == std::numeric_limits<std::int64_t>::min() && by == -1) return overflow(context);
    return value::integer(over / by);
  }
  if (both(a, value_kind::unsigned_integer)) {
    if (a[1].as_unsigned() == 0) return context.fail("division by zero");
    return value::unsigned_integer(a[0].as_unsigned() / a[1].as_unsigned());
  }
  if (both(a, value_kind::real)) {
    const double over = a[0].as_real(), by = a[1].as_real();
    if (by != 0) return value::real(over / by);
    // IEEE 754 division by zero, written out: the language gives C++ no say in it.
    if (over == 0 || over != over || by != by)
      return value::real(by != by ? by : std::numeric_limits<double>::quiet_NaN());
    const bool negative = __builtin_signbit(over) != __builtin_signbit(by);
    return value::real(negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity());
  }
  return context.no_overload(a);
}

value modulo(const call_context& context, arguments a) {
  if (both(a, value_kind::integer)) {
    const std::int64_t over = a[0].as_integer(), by = a[1].as_integer();
    if (by == 0) return context.fail("modulus by zero");
    if (over == std::numeric_limits<std::int64_t>::min() && by == -1) return overflow(context);
    return value::integer(over % by);
  }
  if (both(a, value_kind::unsigned_integer)) {
    if (a[1].as_unsigned() == 0) return context.fail("modulus by zero");
    return value::unsigned_integer(a[0].as_unsigned() % a[1].as_unsigned());
  }
  return context.no_overload(a);
}

value negate(const call_context& context, arguments a) {
  if (a[0].is(value_kind::integer)) {
    if (a[0].as_integer() == std::numeric_limits<std::int64_t>::min()) return overflow(context);
    return value::integer(-a[0].as_integer());
  }
  if (a[0].is(value_kind::real)) return value::real(-a[0].as_real());
  return context.no_overload(a);
}

}  // namespace stellwerk::policy::expression::implementations
