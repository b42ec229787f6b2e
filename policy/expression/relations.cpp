// Comparison, membership, index and size.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "policy/expression/implementations.hpp"
#include "policy/expression/text_points.hpp"

namespace stellwerk::policy::expression::implementations {
namespace {

template <class Test>
value ordered(const call_context& context, arguments a, Test test) {
  const auto order = compare(a[0], a[1]);
  if (!order) return context.no_overload(a);
  return value::boolean(test(*order));
}

// The place in a list; -1 when the number is none (1.5).
std::optional<std::int64_t> list_index(const value& v) {
  if (v.is(value_kind::integer)) return v.as_integer();
  if (v.is(value_kind::unsigned_integer)) {
    return v.as_unsigned() > INT64_MAX ? -1 : static_cast<std::int64_t>(v.as_unsigned());
  }
  if (!v.is(value_kind::real)) return std::nullopt;
  const double d = v.as_real();
  return d == std::trunc(d) && std::abs(d) < 9e15 ? static_cast<std::int64_t>(d) : -1;
}

value missing_key(const call_context& context, const value& key) {
  if (key.is(value_kind::string)) return context.fail(fmt::format("no such key: {}", key.as_text().substr(0, 80)));
  if (key.is(value_kind::integer)) return context.fail(fmt::format("no such key: {}", key.as_integer()));
  return context.fail("no such key");
}

}  // namespace

value equals(const call_context& context, arguments a) {
  const bool same = equal(a[0], a[1], context.memory());
  return context.memory().exhausted() ? context.over_limit() : value::boolean(same);
}

value not_equals(const call_context& context, arguments a) {
  const value same = equals(context, a);
  return same.is_error() ? same : value::boolean(same.is_false());
}

value less(const call_context& context, arguments a) {
  return ordered(context, a, [](std::partial_ordering o) { return o < 0; });
}
value less_equal(const call_context& context, arguments a) {
  return ordered(context, a, [](std::partial_ordering o) { return o <= 0; });
}
value greater(const call_context& context, arguments a) {
  return ordered(context, a, [](std::partial_ordering o) { return o > 0; });
}
value greater_equal(const call_context& context, arguments a) {
  return ordered(context, a, [](std::partial_ordering o) { return o >= 0; });
}

value logical_not(const call_context& context, arguments a) {
  return a[0].is(value_kind::boolean) ? value::boolean(!a[0].as_boolean()) : context.no_overload(a);
}

value in(const call_context& context, arguments a) {
  if (a[1].is(value_kind::map)) {
    return value::boolean(find_entry(a[1].as_map(), a[0], context.memory()).has_value());
  }
  if (!a[1].is(value_kind::list)) return context.no_overload(a);
  const list_view& list = a[1].as_list();
  const std::size_t size = list.size();
  bool found = false;
  for (std::size_t i = 0; i < size && !found && context.charge(1); ++i)
    found = equal(a[0], list.at(i), context.memory());
  return context.memory().exhausted() ? context.over_limit() : value::boolean(found);
}

value index(const call_context& context, arguments a) {
  if (a[0].is(value_kind::map)) {
    if (auto found = find_entry(a[0].as_map(), a[1], context.memory())) return *found;
    if (a[0].as_map().absent_reads_empty()) return value::string("");
    return missing_key(context, a[1]);
  }
  if (!a[0].is(value_kind::list)) return context.no_overload(a);
  const auto at = list_index(a[1]);
  if (!at) return context.no_overload(a);
  const list_view& list = a[0].as_list();
  if (*at < 0 || static_cast<std::uint64_t>(*at) >= list.size()) {
    return context.fail(fmt::format("index out of range: {}", *at));
  }
  return list.at(static_cast<std::size_t>(*at));
}

value size(const call_context& context, arguments a) {
  const auto count = [](std::size_t n) { return value::integer(static_cast<std::int64_t>(n)); };
  switch (a[0].kind()) {
    case value_kind::string:
      if (!context.charge_text(a[0].as_text().size())) return context.over_limit();
      return count(count_points(a[0].as_text()));
    case value_kind::bytes: return count(a[0].as_text().size());
    case value_kind::list: return count(a[0].as_list().size());
    case value_kind::map: return count(a[0].as_map().size());
    default: return context.no_overload(a);
  }
}

}  // namespace stellwerk::policy::expression::implementations
