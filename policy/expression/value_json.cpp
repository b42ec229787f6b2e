#include "policy/expression/value_json.hpp"

#include <cmath>
#include <vector>

#include "base/text.hpp"
#include "policy/expression/number_text.hpp"
#include "policy/expression/time_text.hpp"

namespace stellwerk::policy::expression {
namespace {

void append_real(std::string& out, double d) {
  if (std::isfinite(d)) {
    // Told from an int by its looks: a reader keeps the type, and the sign of -0.0.
    const std::string text = number_text(d);
    out += text;
    if (text.find_first_of(".e") == std::string::npos) out += ".0";
    return;
  }
  append_json_string(out, std::isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity");
}

void append_list(std::string& out, const list_view& list, evaluation_memory& memory) {
  out += '[';
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (i > 0) out += ',';
    append_json(out, list.at(i), memory);
  }
  out += ']';
}

// JSON keys are strings: other keys are written as their text.
void append_key(std::string& out, const value& key, evaluation_memory& memory) {
  if (key.is(value_kind::string)) {
    append_json_string(out, key.as_text());
    return;
  }
  out += '"';
  append_json(out, key, memory);
  out += '"';
}

void append_map(std::string& out, const map_view& map, evaluation_memory& memory) {
  std::vector<value> keys(map.size());
  map.keys(keys);
  out += '{';
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) out += ',';
    append_key(out, keys[i], memory);
    out += ':';
    const auto mapped = map.find(keys[i], memory);
    append_json(out, mapped.value_or(value::null()), memory);
  }
  out += '}';
}

}  // namespace

void append_json(std::string& out, const value& v, evaluation_memory& memory) {
  switch (v.kind()) {
    case value_kind::null: out += "null"; return;
    case value_kind::boolean: out += v.as_boolean() ? "true" : "false"; return;
    case value_kind::integer: out += std::to_string(v.as_integer()); return;
    case value_kind::unsigned_integer: out += std::to_string(v.as_unsigned()); return;
    case value_kind::real: append_real(out, v.as_real()); return;
    case value_kind::string:
    case value_kind::type: append_json_string(out, v.as_text()); return;
    case value_kind::bytes: append_json_string(out, base64_encode(v.as_text())); return;
    case value_kind::list: append_list(out, v.as_list(), memory); return;
    case value_kind::map: append_map(out, v.as_map(), memory); return;
    case value_kind::timestamp: append_json_string(out, to_string(v.as_timestamp(), fraction::in_threes)); return;
    case value_kind::duration: append_json_string(out, to_string(v.as_duration(), fraction::in_threes)); return;
    case value_kind::error: append_json_string(out, v.as_error().message); return;
  }
}

std::string to_json(const value& v, evaluation_memory& memory) {
  std::string out;
  append_json(out, v, memory);
  return out;
}

}  // namespace stellwerk::policy::expression
