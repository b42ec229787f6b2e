#include "policy/expression/value.hpp"

#include <array>
#include <cmath>

#include "policy/expression/containers.hpp"

namespace stellwerk::policy::expression {
namespace {

constexpr double two_to_63 = 9223372036854775808.0;
constexpr double two_to_64 = 18446744073709551616.0;

double to_real(const value& v) {
  if (v.is(value_kind::integer)) return static_cast<double>(v.as_integer());
  if (v.is(value_kind::unsigned_integer)) return static_cast<double>(v.as_unsigned());
  return v.as_real();
}

// An integer against a double is compared as doubles, as the language defines it (it is lossy beyond 2^53).
std::partial_ordering compare_numbers(const value& a, const value& b) {
  if (a.is(value_kind::real) || b.is(value_kind::real)) return to_real(a) <=> to_real(b);
  if (a.is(value_kind::integer)) {
    if (b.is(value_kind::integer)) return a.as_integer() <=> b.as_integer();
    if (a.as_integer() < 0) return std::partial_ordering::less;
    return static_cast<std::uint64_t>(a.as_integer()) <=> b.as_unsigned();
  }
  if (b.is(value_kind::unsigned_integer)) return a.as_unsigned() <=> b.as_unsigned();
  if (b.as_integer() < 0) return std::partial_ordering::greater;
  return a.as_unsigned() <=> static_cast<std::uint64_t>(b.as_integer());
}

bool equal_lists(const list_view& a, const list_view& b, evaluation_memory& memory) {
  const std::size_t size = a.size();
  if (size != b.size() || !memory.charge(size)) return false;
  for (std::size_t i = 0; i < size; ++i) {
    if (!equal(a.at(i), b.at(i), memory)) return false;
  }
  return true;
}

bool equal_maps(const map_view& a, const map_view& b, evaluation_memory& memory) {
  if (a.size() != b.size() || !memory.charge(a.size())) return false;
  const auto keys = memory.make_array<value>(a.size());
  a.keys(keys);
  for (const value& key : keys) {
    const auto mine = a.find(key, memory);
    const auto other = find_entry(b, key, memory);
    if (!mine || !other || !equal(*mine, *other, memory)) return false;
  }
  return true;
}

// The other number kinds that hold the same number exactly.
std::size_t equal_numbers(const value& key, std::array<value, 2>& out) {
  std::size_t count = 0;
  switch (key.kind()) {
    case value_kind::integer:
      if (key.as_integer() >= 0) out[count++] = value::unsigned_integer(static_cast<std::uint64_t>(key.as_integer()));
      break;
    case value_kind::unsigned_integer:
      if (key.as_unsigned() <= INT64_MAX) out[count++] = value::integer(static_cast<std::int64_t>(key.as_unsigned()));
      break;
    case value_kind::real: {
      const double d = key.as_real();
      if (d != std::trunc(d)) break;
      if (d >= -two_to_63 && d < two_to_63) out[count++] = value::integer(static_cast<std::int64_t>(d));
      if (d >= 0 && d < two_to_64) out[count++] = value::unsigned_integer(static_cast<std::uint64_t>(d));
      break;
    }
    default: break;
  }
  return count;
}

}  // namespace

std::string_view type_name(value_kind kind) {
  switch (kind) {
    case value_kind::null: return "null_type";
    case value_kind::boolean: return "bool";
    case value_kind::integer: return "int";
    case value_kind::unsigned_integer: return "uint";
    case value_kind::real: return "double";
    case value_kind::string: return "string";
    case value_kind::bytes: return "bytes";
    case value_kind::list: return "list";
    case value_kind::map: return "map";
    case value_kind::timestamp: return "google.protobuf.Timestamp";
    case value_kind::duration: return "google.protobuf.Duration";
    case value_kind::type: return "type";
    case value_kind::error: return "error";
  }
  return "error";
}

value value::timestamp(time_point at) {
  const auto since = at.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  return timestamp(
      instant{seconds.count(), static_cast<std::int32_t>(std::chrono::nanoseconds{since - seconds}.count())});
}

bool equal(const value& a, const value& b, evaluation_memory& memory) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == std::partial_ordering::equivalent;
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case value_kind::null: return true;
    case value_kind::boolean: return a.as_boolean() == b.as_boolean();
    case value_kind::string:
    case value_kind::bytes:
    case value_kind::type: return a.as_text() == b.as_text();
    case value_kind::timestamp: return a.as_timestamp() == b.as_timestamp();
    case value_kind::duration: return a.as_duration() == b.as_duration();
    case value_kind::list: return equal_lists(a.as_list(), b.as_list(), memory);
    case value_kind::map: return equal_maps(a.as_map(), b.as_map(), memory);
    case value_kind::integer:
    case value_kind::unsigned_integer:
    case value_kind::real:
    case value_kind::error: return false;
  }
  return false;
}

std::optional<std::partial_ordering> compare(const value& a, const value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.kind() != b.kind()) return std::nullopt;
  switch (a.kind()) {
    case value_kind::boolean: return a.as_boolean() <=> b.as_boolean();
    case value_kind::string:
    case value_kind::bytes: return a.as_text() <=> b.as_text();
    case value_kind::timestamp: return a.as_timestamp() <=> b.as_timestamp();
    case value_kind::duration: return a.as_duration() <=> b.as_duration();
    default: return std::nullopt;
  }
}

std::optional<value> find_entry(const map_view& map, const value& key, evaluation_memory& memory) {
  if (auto found = map.find(key, memory)) return found;
  if (!key.is_number()) return std::nullopt;
  std::array<value, 2> others;
  const std::size_t count = equal_numbers(key, others);
  for (std::size_t i = 0; i < count; ++i) {
    if (auto found = map.find(others[i], memory)) return found;
  }
  return std::nullopt;
}

std::optional<value> value_map::find(const value& key, evaluation_memory& memory) const {
  for (const map_entry& entry : entries_) {
    if (entry.key.kind() == key.kind() && equal(entry.key, key, memory)) return entry.mapped;
  }
  return std::nullopt;
}

void value_map::keys(std::span<value> out) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) out[i] = entries_[i].key;
}

}  // namespace stellwerk::policy::expression
