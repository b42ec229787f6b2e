// value: one value of the expression language, 24 bytes, copied freely.
//
// Strings, lists and maps are views: into the facts, into the program's literals or into the evaluation's memory.
// Whoever keeps a value keeps those alive. Lists and maps are small interfaces, so facts are read in place.
// An error is a value too (the language absorbs errors in `&&` and `||`); it never leaves evaluate() as one.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/clock.hpp"
#include "policy/expression/memory.hpp"

namespace stellwerk::policy::expression {

class value;

enum class value_kind : std::uint8_t {
  null,
  boolean,
  integer,
  unsigned_integer,
  real,
  string,
  bytes,
  list,
  map,
  timestamp,
  duration,
  type,
  error,
};
[[nodiscard]] std::string_view type_name(value_kind kind);  // as type() names it: "int", "google.protobuf.Timestamp"

class list_view {
 public:
  [[nodiscard]] virtual std::size_t size() const = 0;
  [[nodiscard]] virtual value at(std::size_t index) const = 0;  // REQUIRES index < size()

 protected:
  ~list_view() = default;
};

class map_view {
 public:
  [[nodiscard]] virtual std::size_t size() const = 0;
  // What the map holds under `key`; the memory is for a container built on the way.
  [[nodiscard]] virtual std::optional<value> find(const value& key, evaluation_memory& memory) const = 0;
  virtual void keys(std::span<value> out) const = 0;  // REQUIRES out.size() == size(); the order is the map's own
  // True where contracts say that an absent key reads "": `m["x"]` is then never an error.
  [[nodiscard]] virtual bool absent_reads_empty() const { return false; }

 protected:
  ~map_view() = default;
};

// Nanoseconds since the epoch do not fit 64 bits for the years 1 to 9999 that the language knows.
struct instant {
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;  // 0 .. 999'999'999, also before 1970
  friend auto operator<=>(const instant&, const instant&) = default;
};

struct evaluation_fault {
  std::string_view message;
  std::size_t offset = 0;  // into the source, once `located`
  bool located = false;
  bool limit = false;  // a limit was reached: no operator absorbs it
};

class value {
 public:
  value() : kind_{value_kind::null}, integer_{0} {}
  [[nodiscard]] static value null() { return {}; }
  [[nodiscard]] static value boolean(bool b) {
    value v{value_kind::boolean};
    v.boolean_ = b;
    return v;
  }
  [[nodiscard]] static value integer(std::int64_t i) {
    value v{value_kind::integer};
    v.integer_ = i;
    return v;
  }
  [[nodiscard]] static value unsigned_integer(std::uint64_t u) {
    value v{value_kind::unsigned_integer};
    v.unsigned_ = u;
    return v;
  }
  [[nodiscard]] static value real(double d) {
    value v{value_kind::real};
    v.real_ = d;
    return v;
  }
  [[nodiscard]] static value string(std::string_view s) {
    value v{value_kind::string};
    v.text_ = s;
    return v;
  }
  [[nodiscard]] static value bytes(std::string_view s) {
    value v{value_kind::bytes};
    v.text_ = s;
    return v;
  }
  [[nodiscard]] static value list(const list_view& l) {
    value v{value_kind::list};
    v.list_ = &l;
    return v;
  }
  [[nodiscard]] static value map(const map_view& m) {
    value v{value_kind::map};
    v.map_ = &m;
    return v;
  }
  [[nodiscard]] static value timestamp(instant at) {
    value v{value_kind::timestamp};
    v.instant_ = at;
    return v;
  }
  [[nodiscard]] static value timestamp(time_point at);
  [[nodiscard]] static value duration(std::chrono::nanoseconds d) {
    value v{value_kind::duration};
    v.integer_ = d.count();
    return v;
  }
  [[nodiscard]] static value type(std::string_view name) {
    value v{value_kind::type};
    v.text_ = name;
    return v;
  }
  [[nodiscard]] static value error(const evaluation_fault& f) {
    value v{value_kind::error};
    v.fault_ = &f;
    return v;
  }

  [[nodiscard]] value_kind kind() const { return kind_; }
  [[nodiscard]] bool is(value_kind k) const { return kind_ == k; }
  [[nodiscard]] bool is_error() const { return kind_ == value_kind::error; }
  [[nodiscard]] bool is_true() const { return kind_ == value_kind::boolean && boolean_; }
  [[nodiscard]] bool is_false() const { return kind_ == value_kind::boolean && !boolean_; }
  [[nodiscard]] bool is_number() const {
    return kind_ == value_kind::integer || kind_ == value_kind::unsigned_integer || kind_ == value_kind::real;
  }

  // Each REQUIRES the kind it names; as_text also serves bytes and type.
  [[nodiscard]] bool as_boolean() const { return boolean_; }
  [[nodiscard]] std::int64_t as_integer() const { return integer_; }
  [[nodiscard]] std::uint64_t as_unsigned() const { return unsigned_; }
  [[nodiscard]] double as_real() const { return real_; }
  [[nodiscard]] std::string_view as_text() const { return text_; }
  [[nodiscard]] const list_view& as_list() const { return *list_; }
  [[nodiscard]] const map_view& as_map() const { return *map_; }
  [[nodiscard]] instant as_timestamp() const { return instant_; }
  [[nodiscard]] std::chrono::nanoseconds as_duration() const { return std::chrono::nanoseconds{integer_}; }
  [[nodiscard]] const evaluation_fault& as_error() const { return *fault_; }

 private:
  explicit value(value_kind kind) : kind_{kind}, integer_{0} {}

  value_kind kind_;
  union {
    bool boolean_;
    std::int64_t integer_;
    std::uint64_t unsigned_;
    double real_;
    std::string_view text_;
    const list_view* list_;
    const map_view* map_;
    instant instant_;
    const evaluation_fault* fault_;
  };
};
static_assert(std::is_trivially_copyable_v<value> && sizeof(value) == 24);

// Equality of the language: numbers by value across their kinds, NaN unequal to itself, unlike kinds unequal,
// lists by element, maps by key. Errors are never equal. Charges for what it walks; false when that is exhausted.
[[nodiscard]] bool equal(const value& a, const value& b, evaluation_memory& memory);

// Order of bools, numbers (across their kinds), strings, bytes, timestamps and durations; nothing for other pairs.
// `unordered` where a NaN takes part.
[[nodiscard]] std::optional<std::partial_ordering> compare(const value& a, const value& b);

// The entry of `key`; a number finds an equal number of another kind.
[[nodiscard]] std::optional<value> find_entry(const map_view& map, const value& key, evaluation_memory& memory);

}  // namespace stellwerk::policy::expression
