// Functions on strings. Positions count code points; a position outside the string is an error, not a clamp.
#include <algorithm>
#include <cstring>
#include <string>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/text.hpp"
#include "policy/expression/containers.hpp"
#include "policy/expression/implementations.hpp"
#include "policy/expression/pattern.hpp"
#include "policy/expression/text_points.hpp"

namespace stellwerk::policy::expression::implementations {
namespace {

// Every parameter a string, but for the integers after the first `strings`.
bool fits(arguments a, std::size_t strings) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!a[i].is(i < strings ? value_kind::string : value_kind::integer)) return false;
  }
  return true;
}

value bad_index(const call_context& context, std::int64_t at) {
  return context.fail(fmt::format("index out of range: {}", at));
}

bool within(std::int64_t at, std::size_t count) { return at >= 0 && static_cast<std::uint64_t>(at) <= count; }

template <class Change>
value changed(const call_context& context, arguments a, Change change) {
  if (!a[0].is(value_kind::string)) return context.no_overload(a);
  const std::string_view text = a[0].as_text();
  if (!context.charge_text(text.size())) return context.over_limit();
  const auto out = context.memory().make_text(text.size());
  std::transform(text.begin(), text.end(), out.begin(), change);
  return value::string({out.data(), out.size()});
}

value made(const call_context& context, const std::string& text) { return value::string(context.memory().copy(text)); }

value made_list(const call_context& context, const std::vector<value>& parts) {
  const auto out = context.memory().make_array<value>(parts.size());
  std::copy(parts.begin(), parts.end(), out.begin());
  return value::list(*context.memory().make<value_list>(out));
}

// What a cut of `text` by `separator` needs at most.
bool charge_pieces(const call_context& context, std::string_view text, std::string_view separator) {
  return context.charge(separator.empty() ? text.size() : text.size() / 16 + text.size() / separator.size());
}

}  // namespace

value contains(const call_context& context, arguments a) {
  if (!fits(a, 2)) return context.no_overload(a);
  if (!context.charge_text(a[0].as_text().size())) return context.over_limit();
  return value::boolean(a[0].as_text().find(a[1].as_text()) != std::string_view::npos);
}

value starts_with(const call_context& context, arguments a) {
  if (!fits(a, 2)) return context.no_overload(a);
  return value::boolean(a[0].as_text().starts_with(a[1].as_text()));
}

value ends_with(const call_context& context, arguments a) {
  if (!fits(a, 2)) return context.no_overload(a);
  return value::boolean(a[0].as_text().ends_with(a[1].as_text()));
}

value matches(const call_context& context, arguments a) {
  if (!fits(a, 2)) return context.no_overload(a);
  if (!context.charge_text(a[0].as_text().size() * 4)) return context.over_limit();
  if (const auto& known = context.site().pattern) return value::boolean(matches_pattern(*known, a[0].as_text()));
  // A pattern that is not a literal is compiled each time, which is what makes it dear.
  if (!context.charge(200 + a[1].as_text().size())) return context.over_limit();
  const auto pattern = compile_pattern(a[1].as_text());
  if (!pattern) return context.fail(pattern.error());
  return value::boolean(matches_pattern(**pattern, a[0].as_text()));
}

value lower_ascii(const call_context& context, arguments a) {
  return changed(context, a, [](char c) { return ascii_lower(c); });
}

value upper_ascii(const call_context& context, arguments a) {
  return changed(context, a, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c; });
}

value trim(const call_context& context, arguments a) {
  if (!fits(a, 1)) return context.no_overload(a);
  return value::string(trim_white_space(a[0].as_text()));
}

value reverse(const call_context& context, arguments a) {
  if (!fits(a, 1)) return context.no_overload(a);
  std::string_view rest = a[0].as_text();
  if (!context.charge_text(rest.size() * 2)) return context.over_limit();
  const auto out = context.memory().make_text(rest.size());
  for (std::size_t end = rest.size(); !rest.empty();) {
    const std::string_view point = first_point(rest);
    end -= point.size();
    std::memcpy(out.data() + end, point.data(), point.size());
    rest.remove_prefix(point.size());
  }
  return value::string({out.data(), out.size()});
}

value char_at(const call_context& context, arguments a) {
  if (!fits(a, 1)) return context.no_overload(a);
  const std::string_view text = a[0].as_text();
  if (!context.charge_text(text.size() * 2)) return context.over_limit();
  if (!within(a[1].as_integer(), count_points(text))) return bad_index(context, a[1].as_integer());
  return value::string(first_point(text.substr(offset_of_point(text, static_cast<std::size_t>(a[1].as_integer())))));
}

value index_of(const call_context& context, arguments a) {
  if (!fits(a, 2)) return context.no_overload(a);
  const std::string_view text = a[0].as_text();
  if (!context.charge_text(text.size() * 3)) return context.over_limit();
  std::size_t from = 0;
  if (a.size() == 3) {
    if (!within(a[2].as_integer(), count_points(text))) return bad_index(context, a[2].as_integer());
    from = offset_of_point(text, static_cast<std::size_t>(a[2].as_integer()));
  }
  const auto found = text.find(a[1].as_text(), from);
  if (found == std::string_view::npos) return value::integer(-1);
  return value::integer(static_cast<std::int64_t>(count_points(text.substr(0, found))));
}

value last_index_of(const call_context& context, arguments a) {
  if (!fits(a, 2)) return context.no_overload(a);
  const std::string_view text = a[0].as_text();
  if (!context.charge_text(text.size() * 3)) return context.over_limit();
  std::size_t from = std::string_view::npos;
  if (a.size() == 3) {
    if (!within(a[2].as_integer(), count_points(text))) return bad_index(context, a[2].as_integer());
    from = offset_of_point(text, static_cast<std::size_t>(a[2].as_integer()));
  }
  const auto found = text.rfind(a[1].as_text(), from);
  if (found == std::string_view::npos) return value::integer(-1);
  return value::integer(static_cast<std::int64_t>(count_points(text.substr(0, found))));
}

value substring(const call_context& context, arguments a) {
  if (!fits(a, 1)) return context.no_overload(a);
  const std::string_view text = a[0].as_text();
  if (!context.charge_text(text.size() * 3)) return context.over_limit();
  const std::size_t count = count_points(text);
  const std::int64_t first = a[1].as_integer();
  const std::int64_t last = a.size() == 3 ? a[2].as_integer() : static_cast<std::int64_t>(count);
  if (!within(first, count)) return bad_index(context, first);
  if (!within(last, count)) return bad_index(context, last);
  if (first > last) return context.fail(fmt::format("the substring ends ({}) before it starts ({})", last, first));
  const std::size_t from = offset_of_point(text, static_cast<std::size_t>(first));
  return value::string(text.substr(from, offset_of_point(text, static_cast<std::size_t>(last)) - from));
}

value replace(const call_context& context, arguments a) {
  if (!fits(a, 3)) return context.no_overload(a);
  const std::string_view text = a[0].as_text(), old = a[1].as_text(), fresh = a[2].as_text();
  std::int64_t left = a.size() == 4 && a[3].as_integer() >= 0 ? a[3].as_integer() : INT64_MAX;
  std::string out;
  std::size_t at = 0;
  // An empty text is found before every character and at the end.
  while (left-- > 0) {
    const auto found = text.find(old, at);
    if (found == std::string_view::npos) break;
    if (!context.charge(1 + (found - at + fresh.size()) / 16)) return context.over_limit();
    out.append(text, at, found - at);
    out += fresh;
    at = found + old.size();
    if (!old.empty()) continue;
    if (at == text.size()) break;
    const std::string_view next = first_point(text.substr(at));
    out += next;
    at += next.size();
  }
  if (!context.charge_text(text.size() - at)) return context.over_limit();
  out.append(text, at);
  return made(context, out);
}

value split(const call_context& context, arguments a) {
  if (!fits(a, 2)) return context.no_overload(a);
  std::string_view rest = a[0].as_text();
  const std::string_view separator = a[1].as_text();
  std::int64_t left = a.size() == 3 && a[2].as_integer() >= 0 ? a[2].as_integer() : INT64_MAX;
  if (!charge_pieces(context, rest, separator)) return context.over_limit();
  std::vector<value> parts;
  while (left > 1 && !rest.empty()) {
    const auto found = separator.empty() ? first_point(rest).size() : rest.find(separator);
    if (found == std::string_view::npos || found + separator.size() > rest.size()) break;
    if (separator.empty() && found == rest.size()) break;
    parts.push_back(value::string(rest.substr(0, found)));
    rest.remove_prefix(found + separator.size());
    --left;
  }
  if (left > 0 && !(separator.empty() && rest.empty())) parts.push_back(value::string(rest));
  return made_list(context, parts);
}

value join(const call_context& context, arguments a) {
  if (!a[0].is(value_kind::list) || (a.size() == 2 && !a[1].is(value_kind::string))) return context.no_overload(a);
  const list_view& list = a[0].as_list();
  const std::string_view separator = a.size() == 2 ? a[1].as_text() : std::string_view{};
  std::string out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const value part = list.at(i);
    if (!part.is(value_kind::string)) return context.no_overload(a);
    if (!context.charge(1 + (part.as_text().size() + separator.size()) / 16)) return context.over_limit();
    if (i > 0) out += separator;
    out += part.as_text();
  }
  return made(context, out);
}

}  // namespace stellwerk::policy::expression::implementations
