#include "policy/expression/builtins.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "policy/expression/implementations.hpp"

namespace stellwerk::policy::expression {
namespace {

namespace run = implementations;

// Reads "map(A, B), A -> bool"; the rows below are ours, so the text is well-formed.
class signature_reader {
 public:
  explicit signature_reader(std::string_view text) : text_{text} {}

  overload read() {
    overload out;
    while (!follows("->")) {
      out.parameters.push_back(next());
      skip(',');
    }
    at_ += 2;
    out.result = next();
    return out;
  }

 private:
  void blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool follows(std::string_view what) {
    blanks();
    return text_.substr(at_).starts_with(what);
  }
  void skip(char c) {
    blanks();
    if (at_ < text_.size() && text_[at_] == c) ++at_;
  }

  type next() {
    blanks();
    const std::size_t first = at_;
    while (at_ < text_.size() && std::isalpha(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    const std::string_view name = text_.substr(first, at_ - first);
    if (name.size() == 1) return type::parameter(name[0] - 'A');
    if (name == "list") {
      skip('(');
      type element = next();
      skip(')');
      return type::list_of(std::move(element));
    }
    if (name == "map") {
      skip('(');
      type key = next();
      skip(',');
      type mapped = next();
      skip(')');
      return type::map_of(std::move(key), std::move(mapped));
    }
    return simple(name);
  }

  static type simple(std::string_view name) {
    if (name == "bool") return type::boolean();
    if (name == "int") return type::integer();
    if (name == "uint") return type{type_kind::unsigned_integer};
    if (name == "double") return type::real();
    if (name == "string") return type::string();
    if (name == "bytes") return type{type_kind::bytes};
    if (name == "timestamp") return type::timestamp();
    if (name == "duration") return type::duration();
    if (name == "type") return type{type_kind::type};
    return type::dyn();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

struct row {
  std::string_view name;
  call_style style;
  implementation run;
  std::vector<std::string_view> signatures;
};

constexpr auto operation = call_style::operation;
constexpr auto function = call_style::function;
constexpr auto method = call_style::method;

std::vector<std::string_view> ordered() {
  std::vector<std::string_view> out{
      "bool, bool -> bool",         "string, string -> bool", "bytes, bytes -> bool", "timestamp, timestamp -> bool",
      "duration, duration -> bool", "int, int -> bool",       "uint, uint -> bool",   "double, double -> bool",
      "int, uint -> bool",          "int, double -> bool",    "uint, int -> bool",    "uint, double -> bool",
      "double, int -> bool",        "double, uint -> bool"};
  return out;
}

std::vector<row> operation_rows() {
  return {
      {"+",
       operation,
       run::add,
       {"int, int -> int", "uint, uint -> uint", "double, double -> double", "string, string -> string",
        "bytes, bytes -> bytes", "list(A), list(A) -> list(A)", "timestamp, duration -> timestamp",
        "duration, timestamp -> timestamp", "duration, duration -> duration"}},
      {"-",
       operation,
       run::subtract,
       {"int, int -> int", "uint, uint -> uint", "double, double -> double", "timestamp, timestamp -> duration",
        "timestamp, duration -> timestamp", "duration, duration -> duration"}},
      {"*", operation, run::multiply, {"int, int -> int", "uint, uint -> uint", "double, double -> double"}},
      {"/", operation, run::divide, {"int, int -> int", "uint, uint -> uint", "double, double -> double"}},
      {"%", operation, run::modulo, {"int, int -> int", "uint, uint -> uint"}},
      {"negate", operation, run::negate, {"int -> int", "double -> double"}},
      {"!", operation, run::logical_not, {"bool -> bool"}},
      {"==", operation, run::equals, {"A, A -> bool"}},
      {"!=", operation, run::not_equals, {"A, A -> bool"}},
      {"<", operation, run::less, ordered()},
      {"<=", operation, run::less_equal, ordered()},
      {">", operation, run::greater, ordered()},
      {">=", operation, run::greater_equal, ordered()},
      {"in", operation, run::in, {"A, list(A) -> bool", "A, map(A, B) -> bool"}},
      {"[]", operation, run::index, {"list(A), int -> A", "map(A, B), A -> B"}},
  };
}

std::vector<row> conversion_rows() {
  const std::vector<std::string_view> sizes{"string -> int", "bytes -> int", "list(A) -> int", "map(A, B) -> int"};
  return {
      {"size", function, run::size, sizes},
      {"size", method, run::size, sizes},
      {"dyn", function, run::to_dyn, {"A -> dyn"}},
      {"type", function, run::to_type, {"A -> type"}},
      {"bool", function, run::to_boolean, {"bool -> bool", "string -> bool"}},
      {"int",
       function,
       run::to_integer,
       {"int -> int", "uint -> int", "double -> int", "string -> int", "timestamp -> int", "duration -> int"}},
      {"uint", function, run::to_unsigned, {"uint -> uint", "int -> uint", "double -> uint", "string -> uint"}},
      {"double", function, run::to_real, {"double -> double", "int -> double", "uint -> double", "string -> double"}},
      {"string",
       function,
       run::to_text,
       {"string -> string", "bool -> string", "int -> string", "uint -> string", "double -> string", "bytes -> string",
        "timestamp -> string", "duration -> string"}},
      {"bytes", function, run::to_bytes, {"bytes -> bytes", "string -> bytes"}},
      {"timestamp", function, run::to_timestamp, {"timestamp -> timestamp", "string -> timestamp", "int -> timestamp"}},
      {"duration", function, run::to_duration, {"duration -> duration", "string -> duration", "int -> duration"}},
  };
}

std::vector<row> text_rows() {
  return {
      {"contains", method, run::contains, {"string, string -> bool"}},
      {"startsWith", method, run::starts_with, {"string, string -> bool"}},
      {"endsWith", method, run::ends_with, {"string, string -> bool"}},
      {"matches", method, run::matches, {"string, string -> bool"}},
      {"matches", function, run::matches, {"string, string -> bool"}},
      {"lowerAscii", method, run::lower_ascii, {"string -> string"}},
      {"upperAscii", method, run::upper_ascii, {"string -> string"}},
      {"trim", method, run::trim, {"string -> string"}},
      {"reverse", method, run::reverse, {"string -> string"}},
      {"charAt", method, run::char_at, {"string, int -> string"}},
      {"indexOf", method, run::index_of, {"string, string -> int", "string, string, int -> int"}},
      {"lastIndexOf", method, run::last_index_of, {"string, string -> int", "string, string, int -> int"}},
      {"substring", method, run::substring, {"string, int -> string", "string, int, int -> string"}},
      {"replace", method, run::replace, {"string, string, string -> string", "string, string, string, int -> string"}},
      {"split", method, run::split, {"string, string -> list(string)", "string, string, int -> list(string)"}},
      {"join", method, run::join, {"list(string) -> string", "list(string), string -> string"}},
      {"format", method, run::format, {"string, list(A) -> string"}},
      {"strings.quote", function, run::quote, {"string -> string"}},
  };
}

std::vector<row> time_rows() {
  const std::vector<std::string_view> calendar{"timestamp -> int", "timestamp, string -> int"};
  const std::vector<std::string_view> either{"timestamp -> int", "timestamp, string -> int", "duration -> int"};
  return {
      {"getFullYear", method, run::get_full_year, calendar},
      {"getMonth", method, run::get_month, calendar},
      {"getDate", method, run::get_date, calendar},
      {"getDayOfMonth", method, run::get_day_of_month, calendar},
      {"getDayOfWeek", method, run::get_day_of_week, calendar},
      {"getDayOfYear", method, run::get_day_of_year, calendar},
      {"getHours", method, run::get_hours, either},
      {"getMinutes", method, run::get_minutes, either},
      {"getSeconds", method, run::get_seconds, either},
      {"getMilliseconds", method, run::get_milliseconds, either},
  };
}

// A row with signatures of several lengths becomes one builtin per length.
void append(std::vector<builtin>& out, const row& from) {
  for (const std::string_view signature : from.signatures) {
    overload read = signature_reader{signature}.read();
    const auto same = std::find_if(out.begin(), out.end(), [&](const builtin& b) {
      return b.name == from.name && b.style == from.style && b.arity == read.parameters.size();
    });
    if (same != out.end()) {
      same->overloads.push_back(std::move(read));
    } else {
      const std::size_t arity = read.parameters.size();
      out.push_back({from.name, from.style, arity, from.run, {std::move(read)}});
    }
  }
}

const std::vector<builtin>& all() {
  const static std::vector<builtin> table = [] {
    std::vector<builtin> out;
    for (const auto& rows : {operation_rows(), conversion_rows(), text_rows(), time_rows()}) {
      for (const row& r : rows) append(out, r);
    }
    return out;
  }();
  return table;
}

}  // namespace

const builtin* find_builtin(std::string_view name, call_style style, std::size_t arity) {
  for (const builtin& b : all()) {
    if (b.name == name && b.style == style && b.arity == arity) return &b;
  }
  return nullptr;
}

bool is_builtin_name(std::string_view name) {
  return std::any_of(all().begin(), all().end(), [&](const builtin& b) { return b.name == name; });
}

std::vector<std::string_view> builtin_names(call_style style) {
  std::vector<std::string_view> out;
  for (const builtin& b : all()) {
    if (b.style == style) out.push_back(b.name);
  }
  return out;
}

value call_context::fail(std::string_view message) const {
  return value::error(*memory_.make<evaluation_fault>(evaluation_fault{memory_.copy(message)}));
}

value call_context::over_limit() const {
  auto* fault = memory_.make<evaluation_fault>(evaluation_fault{"the expression costs too much for these facts"});
  fault->limit = true;
  return value::error(*fault);
}

value call_context::no_overload(std::span<const value> arguments) const {
  std::string message = "no such overload: ";
  message += site_.text == "negate" ? "-" : site_.text;
  message += '(';
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) message += ", ";
    message += type_name(arguments[i].kind());
  }
  message += ')';
  return fail(message);
}

}  // namespace stellwerk::policy::expression
