// format() and strings.quote(): text made of values.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.hpp"
#include "policy/expression/implementations.hpp"
#include "policy/expression/number_text.hpp"
#include "policy/expression/text_points.hpp"
#include "policy/expression/time_text.hpp"

namespace stellwerk::policy::expression::implementations {
namespace {

constexpr int precision_default = 6;
constexpr int precision_max = 100;

std::string_view not_finite(double d) { return std::isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity"; }

// One call of format(). Every member answers false once `trouble_` is set.
class formatter {
 public:
  formatter(const call_context& context, std::string_view pattern, const list_view& given)
      : context_{context}, rest_{pattern}, given_{given} {}

  value run() {
    while (!rest_.empty()) {
      const std::size_t text = std::min(rest_.find('%'), rest_.size());
      if (!append(rest_.substr(0, text))) return trouble_;
      rest_.remove_prefix(text);
      if (!rest_.empty() && !clause()) return trouble_;
    }
    return value::string(context_.memory().copy(out_));
  }

 private:
  bool fail(std::string_view message) {
    trouble_ = context_.fail(message);
    return false;
  }
  bool unfit(char verb, const value& v) { return fail(fmt::format("%{} cannot show a {}", verb, type_name(v.kind()))); }

  bool append(std::string_view text) {
    if (!context_.charge_text(text.size())) return ended();
    out_ += text;
    return true;
  }

  // "%%", "%s", "%.3f" at the start of `rest_`.
  bool clause() {
    rest_.remove_prefix(1);
    int precision = precision_default;
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      const auto [end, wrong] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), precision);
      if (wrong != std::errc{} || precision < 0) return fail("a precision in format() is a number, as in %.3f");
      if (precision > precision_max) return fail(fmt::format("a precision in format() is at most {}", precision_max));
      rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    }
    if (rest_.empty()) return fail("format() ends in the middle of a clause");
    const char verb = rest_.front();
    if (verb == '%') {
      rest_.remove_prefix(1);
      return append("%");
    }
    if (std::string_view{"sdfebxXo"}.find(verb) == std::string_view::npos) {
      return fail(fmt::format("format() knows no clause %{}", first_point(rest_)));
    }
    rest_.remove_prefix(1);
    if (next_ >= given_.size()) return fail(fmt::format("format() has no argument {}: index out of range", next_));
    if (!context_.charge(1)) return ended();
    return shown(verb, given_.at(next_++), precision);
  }

  bool shown(char verb, const value& v, int precision) {
    switch (verb) {
      case 's': return text(v);
      case 'd': return decimal(v);
      case 'f':
      case 'e': return real(verb, v, precision);
      case 'b': return v.is(value_kind::boolean) ? append(v.as_boolean() ? "1" : "0") : in_base(verb, v, "{:b}");
      case 'o': return in_base(verb, v, "{:o}");
      case 'x':
        return v.is(value_kind::string) || v.is(value_kind::bytes) ? digits_of_bytes("{:02x}", v)
                                                                   : in_base(verb, v, "{:x}");
      default:
        return v.is(value_kind::string) || v.is(value_kind::bytes) ? digits_of_bytes("{:02X}", v)
                                                                   : in_base(verb, v, "{:X}");
    }
  }

  bool decimal(const value& v) {
    if (v.is(value_kind::real) && !std::isfinite(v.as_real())) return append(not_finite(v.as_real()));
    return in_base('d', v, "{}");
  }

  bool in_base(char verb, const value& v, fmt::string_view pattern) {
    if (v.is(value_kind::integer)) return append(fmt::format(fmt::runtime(pattern), v.as_integer()));
    if (v.is(value_kind::unsigned_integer)) return append(fmt::format(fmt::runtime(pattern), v.as_unsigned()));
    return unfit(verb, v);
  }

  bool digits_of_bytes(fmt::string_view pattern, const value& v) {
    if (!context_.charge_text(v.as_text().size() * 2)) return ended();
    for (const char c : v.as_text())
      fmt::format_to(std::back_inserter(out_), fmt::runtime(pattern), static_cast<unsigned char>(c));
    return true;
  }

  bool real(char verb, const value& v, int precision) {
    if (!v.is_number()) return unfit(verb, v);
    const double d = v.is(value_kind::integer)            ? static_cast<double>(v.as_integer())
                     : v.is(value_kind::unsigned_integer) ? static_cast<double>(v.as_unsigned())
                                                          : v.as_real();
    if (!std::isfinite(d)) return append(not_finite(d));
    return append(verb == 'f' ? fmt::format("{:.{}f}", d, precision) : fmt::format("{:.{}e}", d, precision));
  }

  bool text(const value& v) {
    switch (v.kind()) {
      case value_kind::null: return append("null");
      case value_kind::boolean: return append(v.as_boolean() ? "true" : "false");
      case value_kind::integer:
      case value_kind::unsigned_integer: return in_base('s', v, "{}");
      case value_kind::real:
        return append(std::isfinite(v.as_real()) ? number_text(v.as_real()) : std::string{not_finite(v.as_real())});
      case value_kind::bytes:
        if (!is_valid_utf8(v.as_text())) return fail("the bytes are not valid UTF-8");
        return append(v.as_text());
      case value_kind::string:
      case value_kind::type: return append(v.as_text());
      case value_kind::timestamp: return append(to_string(v.as_timestamp(), fraction::shortest));
      case value_kind::duration: return append(to_string(v.as_duration(), fraction::shortest));
      case value_kind::list: return list_text(v.as_list());
      case value_kind::map: return map_text(v.as_map());
      case value_kind::error: break;
    }
    return unfit('s', v);
  }

  bool list_text(const list_view& list) {
    if (!append("[")) return false;
    const std::size_t size = list.size();
    for (std::size_t i = 0; i < size; ++i) {
      if (!context_.charge(1) || (i > 0 && !append(", ")) || !text(list.at(i))) return ended();
    }
    return append("]");
  }

  // In the order of the keys' texts, so that equal maps have equal texts.
  bool map_text(const map_view& map) {
    if (!context_.charge(map.size() * 4)) return ended();
    std::vector<value> keys(map.size());
    map.keys(keys);
    std::vector<std::pair<std::string, std::size_t>> order;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::string before = std::exchange(out_, {});
      const bool written = text(keys[i]);
      order.emplace_back(std::exchange(out_, before), i);
      if (!written) return false;
    }
    std::sort(order.begin(), order.end());
    if (!append("{")) return false;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const auto mapped = map.find(keys[order[i].second], context_.memory());
      if ((i > 0 && !append(", ")) || !append(order[i].first) || !append(": ")) return false;
      if (!text(mapped.value_or(value::null()))) return false;
    }
    return append("}");
  }

  bool ended() {
    if (!trouble_.is_error()) trouble_ = context_.over_limit();
    return false;
  }

  const call_context& context_;
  std::string_view rest_;
  const list_view& given_;
  std::size_t next_ = 0;
  std::string out_;
  value trouble_;
};

}  // namespace

value format(const call_context& context, arguments a) {
  if (!a[0].is(value_kind::string) || !a[1].is(value_kind::list)) return context.no_overload(a);
  return formatter{context, a[0].as_text(), a[1].as_list()}.run();
}

value quote(const call_context& context, arguments a) {
  static constexpr std::string_view named = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view letters = "abfnrtv\\\"";
  if (!a[0].is(value_kind::string)) return context.no_overload(a);
  if (!context.charge_text(a[0].as_text().size() * 2)) return context.over_limit();
  std::string out = "\"";
  for (const char c : a[0].as_text()) {
    const std::size_t found = named.find(c);
    if (found != std::string_view::npos) out += '\\';
    out += found != std::string_view::npos ? letters[found] : c;
  }
  out += '"';
  return value::string(context.memory().copy(out));
}

}  // namespace stellwerk::policy::expression::implementations
