#include "policy/expression/checker.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/text.hpp"
#include "policy/expression/builtins.hpp"
#include "policy/expression/inference.hpp"
#include "policy/expression/pattern.hpp"
#include "policy/expression/time_text.hpp"
#include "policy/expression/time_zone.hpp"

namespace stellwerk::policy::expression {
namespace {

struct named_type {
  std::string_view written;
  std::string_view name;
};
// Names that stand for types. `timestamp` and `duration` alone are functions only, as the specification has it.
constexpr std::array named_types{
    named_type{"bool", "bool"},
    named_type{"int", "int"},
    named_type{"uint", "uint"},
    named_type{"double", "double"},
    named_type{"string", "string"},
    named_type{"bytes", "bytes"},
    named_type{"list", "list"},
    named_type{"map", "map"},
    named_type{"null_type", "null_type"},
    named_type{"type", "type"},
    named_type{"google.protobuf.Timestamp", "google.protobuf.Timestamp"},
    named_type{"google.protobuf.Duration", "google.protobuf.Duration"},
};

std::string_view shown(std::string_view name) { return name == "negate" ? "-" : name; }

// Thrown inside this file only: a fault ends the walk from any depth.
struct refused {
  fault why;
};

class checker {
 public:
  checker(std::string_view source, const schema& names) : source_{source}, names_{names} {}

  findings run(node& root) {
    found_.result = types_.resolved(visit(root));
    return std::move(found_);
  }

 private:
  [[noreturn]] void refuse(const node& at, std::string message) const {
    throw refused{make_fault(source_, at.offset, std::move(message))};
  }
  [[nodiscard]] bool strict() const { return names_.when_checked() == schema::checking::strict; }
  // A type that cannot fit: a fault, or left to the evaluation.
  type unfit(const node& at, std::string message) const {
    if (strict()) refuse(at, std::move(message));
    return type::dyn();
  }

  type visit(node& n) {
    switch (n.kind) {
      case node_kind::literal: return visit_literal(n);
      case node_kind::name: return visit_name(n);
      case node_kind::select:
      case node_kind::has: return visit_select(n);
      case node_kind::call: return visit_call(n);
      case node_kind::logical_and:
      case node_kind::logical_or: return visit_logical(n);
      case node_kind::conditional: return visit_conditional(n);
      case node_kind::list: return visit_list(n);
      case node_kind::map: return visit_map(n);
      case node_kind::macro: return visit_macro(n);
      case node_kind::variable:
      case node_kind::local:
      case node_kind::unbound:
      case node_kind::declared_call: return type::dyn();
    }
    return type::dyn();
  }

  type visit_literal(const node& n) const {
    switch (n.constant.kind()) {
      case value_kind::null: return type{type_kind::null};
      case value_kind::boolean: return type::boolean();
      case value_kind::integer: return type::integer();
      case value_kind::unsigned_integer: return type{type_kind::unsigned_integer};
      case value_kind::real: return type::real();
      case value_kind::string: return type::string();
      case value_kind::bytes: return type{type_kind::bytes};
      default: return type{type_kind::type};
    }
  }

  type use_variable(node& n, int slot) {
    const declared_variable& variable = names_.variables()[static_cast<std::size_t>(slot)];
    if (!variable.refused_in.empty()) {
      refuse(n, fmt::format("'{}' may not be used in {}", variable.name, variable.refused_in));
    }
    n.kind = node_kind::variable;
    n.index = static_cast<std::uint16_t>(slot);
    n.children.clear();
    found_.variables.set(n.index);
    return variable.declared;
  }

  // A plain or qualified name: macro variables first (unless it starts with a dot), then variables, then types.
  std::optional<type> resolve(node& n, const std::string& name, bool absolute) {
    if (!absolute) {
      for (std::size_t i = locals_.size(); i-- > 0;) {
        if (locals_[i].first != name) continue;
        n.kind = node_kind::local;
        n.index = static_cast<std::uint16_t>(i);
        return locals_[i].second;
      }
    }
    if (const int slot = names_.slot_of(name); slot >= 0) return use_variable(n, slot);
    for (const named_type& known : named_types) {
      if (known.written != name) continue;
      n.kind = node_kind::literal;
      n.constant = value::type(known.name);
      n.children.clear();
      return type{type_kind::type};
    }
    return std::nullopt;
  }

  type visit_name(node& n) {
    if (auto known = resolve(n, n.text, n.absolute)) return *known;
    if (!strict()) {
      n.kind = node_kind::unbound;
      return type::dyn();
    }
    std::vector<std::string_view> candidates;
    for (const auto& variable : names_.variables()) candidates.push_back(variable.name);
    for (const auto& local : locals_) candidates.push_back(local.first);
    refuse(n, fmt::format("unknown name '{}'{}", n.text, hint(n.text, candidates)));
  }

  [[nodiscard]] static std::string hint(std::string_view wanted, const std::vector<std::string_view>& candidates) {
    std::string_view best;
    std::size_t nearest = std::max<std::size_t>(2, wanted.size() / 3) + 1;
    for (const std::string_view candidate : candidates) {
      const std::size_t distance = edit_distance(wanted, candidate, nearest);
      if (distance >= nearest) continue;
      nearest = distance;
      best = candidate;
    }
    return best.empty() ? std::string{} : fmt::format("; did you mean '{}'?", best);
  }

  // "a.b.c" where the operand is nothing but names, and no macro variable starts it.
  [[nodiscard]] std::optional<std::string> qualified(const node& n) const {
    if (n.kind == node_kind::name) {
      const auto is_this = [&](const auto& local) { return local.first == n.text; };
      if (!n.absolute && std::any_of(locals_.begin(), locals_.end(), is_this)) return std::nullopt;
      return n.text;
    }
    if (n.kind != node_kind::select) return std::nullopt;
    const auto front = qualified(*n.children.front());
    if (!front) return std::nullopt;
    return *front + "." + n.text;
  }

  type visit_select(node& n) {
    if (n.kind == node_kind::select) {
      const auto name = qualified(n);
      if (name) {
        if (auto known = resolve(n, *name, true)) return *known;
      }
    }
    const type operand = types_.resolved(visit(*n.children.front()));
    type field = field_of(n, operand);
    return n.kind == node_kind::has ? type::boolean() : field;
  }

  type field_of(const node& n, const type& operand) const {
    switch (operand.kind()) {
      case type_kind::dyn:
      case type_kind::parameter: return type::dyn();
      case type_kind::map: return operand.mapped();
      case type_kind::object: {
        if (const type* field = operand.shape().field(n.text)) return *field;
        std::vector<std::string_view> candidates;
        for (const auto& entry : operand.shape().fields) candidates.push_back(entry.first);
        refuse(n, fmt::format("{} has no field '{}'{}", operand.shape().name, n.text, hint(n.text, candidates)));
      }
      default: return unfit(n, fmt::format("a value of type {} has no fields", to_string(operand)));
    }
  }

  std::vector<type> visit_children(node& n) {
    std::vector<type> out;
    for (auto& child : n.children) out.push_back(visit(*child));
    return out;
  }

  [[nodiscard]] std::string shown_types(const std::vector<type>& types) const {
    std::string out;
    for (const type& t : types) {
      if (!out.empty()) out += ", ";
      out += to_string(types_.resolved(t));
    }
    return "(" + out + ")";
  }

  // "strings.quote(x)" is parsed as a method of the name `strings`; unless that is a variable, it is a function's full
  // name.
  void adopt_qualified(node& n) const {
    const auto front = qualified(*n.children.front());
    if (!front || names_.slot_of(*front) >= 0) return;
    std::string name = *front + "." + n.text;
    if (find_builtin(name, call_style::function, n.children.size() - 1) == nullptr) return;
    n.style = call_style::function;
    n.text = std::move(name);
    n.children.erase(n.children.begin());
  }

  type visit_call(node& n) {
    if (n.style == call_style::method) adopt_qualified(n);
    if (n.style == call_style::function) {
      if (const int function = names_.function_of(n.text); function >= 0) return visit_declared(n, function);
    }
    n.callee = find_builtin(n.text, n.style, n.children.size());
    if (n.callee == nullptr) return unknown_call(n);
    const std::vector<type> given = visit_children(n);
    check_literals(n);
    std::optional<type> result;
    for (const overload& candidate : n.callee->overloads) {
      std::vector<type> made, wanted;
      for (const type& parameter : candidate.parameters) wanted.push_back(types_.instantiate(parameter, made));
      type answer = types_.instantiate(candidate.result, made);
      if (!types_.fits_all(wanted, given)) continue;
      answer = types_.resolved(answer);
      // Arguments of type dyn fit several overloads; if those differ, so does the result.
      result = result && to_string(*result) != to_string(answer) ? type::dyn() : answer;
    }
    if (result) return *result;
    return unfit(n, fmt::format("'{}' cannot be applied to {}", shown(n.text), shown_types(given)));
  }

  type unknown_call(node& n) {
    if (strict()) {
      if (is_builtin_name(n.text)) {
        refuse(n, fmt::format(
                      "{}() cannot be called like this: wrong number of arguments, or function and method mixed up",
                      n.text));
      }
      std::vector<std::string_view> candidates = builtin_names(n.style);
      if (n.style == call_style::function) {
        for (const auto& function : names_.functions()) candidates.push_back(function.name);
      }
      refuse(n, fmt::format("unknown function '{}'{}", n.text, hint(n.text, candidates)));
    }
    visit_children(n);
    return type::dyn();
  }

  type visit_declared(node& n, int index) {
    const declared_function& function = names_.functions()[static_cast<std::size_t>(index)];
    if (!function.refused_in.empty()) {
      refuse(n, fmt::format("'{}' may not be used in {}", function.name, function.refused_in));
    }
    const std::vector<type> given = visit_children(n);
    if (given.size() != function.parameters.size() || given.size() > arity_max ||
        !types_.fits_all(function.parameters, given)) {
      refuse(n,
             fmt::format("{}() takes {}, not {}", function.name, shown_types(function.parameters), shown_types(given)));
    }
    n.kind = node_kind::declared_call;
    n.index = static_cast<std::uint16_t>(index);
    found_.functions.set(n.index);
    declared_call call{n.index, function.name, false, {}, locate(source_, n.offset)};
    if (!n.children.empty() && n.children.front()->kind == node_kind::literal &&
        n.children.front()->constant.is(value_kind::string)) {
      call.literal = true;
      call.argument = n.children.front()->text;
      call.at = locate(source_, n.children.front()->offset);
    }
    found_.calls.push_back(std::move(call));
    return function.result;
  }

  [[nodiscard]] static const node* literal_text(const node& n, std::size_t child) {
    if (child >= n.children.size()) return nullptr;
    const node& c = *n.children[child];
    return c.kind == node_kind::literal && c.constant.is(value_kind::string) ? &c : nullptr;
  }

  // What is written out can be judged now: a pattern, a time zone, a duration, a timestamp.
  void check_literals(node& n) const {
    if (n.style == call_style::method && n.text.starts_with("get") && n.children.size() == 2) return check_zone(n);
    if (n.text == "matches") {
      const node* pattern = literal_text(n, 1);
      if (pattern == nullptr) return;
      auto compiled = compile_pattern(pattern->text);
      if (compiled) {
        n.pattern = *std::move(compiled);
      } else {
        unfit(*pattern, compiled.error());
      }
      return;
    }
    if (n.style != call_style::function) return;
    const node* text = literal_text(n, 0);
    if (text == nullptr) return;
    if (n.text == "duration" && !parse_duration(text->text))
      unfit(*text, "not a duration; write 90s, 5m, 1h30m, 250ms");
    if (n.text == "timestamp" && !parse_timestamp(text->text))
      unfit(*text, "not a timestamp; write 2026-01-31T08:15:00Z");
  }

  void check_zone(node& n) const {
    const node* name = literal_text(n, 1);
    if (name == nullptr) return load_time_zones();
    n.zone = load_time_zone(name->text);
    if (!n.zone) unfit(*name, fmt::format("unknown time zone '{}'", name->text));
  }

  type visit_logical(node& n) {
    for (auto& child : n.children) {
      const type t = visit(*child);
      if (!types_.fits(type::boolean(), t)) {
        unfit(*child,
              fmt::format("'{}' joins conditions, and this is of type {}", n.text, to_string(types_.resolved(t))));
      }
    }
    return type::boolean();
  }

  type visit_conditional(node& n) {
    const type condition = visit(*n.children[0]);
    if (!types_.fits(type::boolean(), condition)) {
      unfit(*n.children[0],
            fmt::format("the condition before '?' is of type {}", to_string(types_.resolved(condition))));
    }
    const type yes = visit(*n.children[1]), no = visit(*n.children[2]);
    if (types_.fits(yes, no)) return types_.join(yes, no);
    return unfit(n, fmt::format("the two sides of ':' are of types {} and {}", to_string(types_.resolved(yes)),
                                to_string(types_.resolved(no))));
  }

  type visit_list(node& n) {
    std::optional<type> element;
    for (auto& child : n.children) {
      type next = visit(*child);
      element = element ? types_.join(*element, next) : std::move(next);
    }
    return type::list_of(element ? *element : types_.fresh());
  }

  type visit_map(node& n) {
    std::optional<type> key, mapped;
    for (std::size_t i = 0; i < n.children.size(); i += 2) {
      type k = visit(*n.children[i]), m = visit(*n.children[i + 1]);
      check_key(*n.children[i], types_.resolved(k));
      key = key ? types_.join(*key, k) : std::move(k);
      mapped = mapped ? types_.join(*mapped, m) : std::move(m);
    }
    return type::map_of(key ? *key : types_.fresh(), mapped ? *mapped : types_.fresh());
  }

  void check_key(const node& at, const type& key) const {
    switch (key.kind()) {
      case type_kind::dyn:
      case type_kind::parameter:
      case type_kind::boolean:
      case type_kind::integer:
      case type_kind::unsigned_integer:
      case type_kind::string: return;
      default: unfit(at, fmt::format("a map's key may not be of type {}", to_string(key)));
    }
  }

  type range_element(const node& at, const type& range) const {
    switch (range.kind()) {
      case type_kind::dyn:
      case type_kind::parameter: return type::dyn();
      case type_kind::list: return range.element();
      case type_kind::map: return range.key();
      default:
        return unfit(at, fmt::format("only lists and maps have elements, and this is of type {}", to_string(range)));
    }
  }

  type visit_macro(node& n) {
    const type range = types_.resolved(visit(*n.children[0]));
    const type element = range_element(*n.children[0], range);
    if (locals_.size() == macro_nesting_max) refuse(n, "too many macros inside each other");
    locals_.emplace_back(n.text, element);
    std::vector<type> inner;
    for (std::size_t i = 1; i < n.children.size(); ++i) inner.push_back(visit(*n.children[i]));
    locals_.pop_back();
    const bool maps = n.macro == macro_kind::map;
    if (!maps || inner.size() == 2) {
      if (!types_.fits(type::boolean(), inner.front())) {
        unfit(*n.children[1], fmt::format("a condition is wanted here, and this is of type {}",
                                          to_string(types_.resolved(inner.front()))));
      }
    }
    if (maps) return type::list_of(inner.back());
    return n.macro == macro_kind::filter ? type::list_of(element) : type::boolean();
  }

  std::string_view source_;
  const schema& names_;
  inference types_;
  std::vector<std::pair<std::string, type>> locals_;
  findings found_;
};

}  // namespace

boost::system::result<findings, fault> check(std::string_view source, node& root, const schema& names) {
  try {
    return checker{source, names}.run(root);
  } catch (refused& r) {
    return std::move(r.why);
  }
}

}  // namespace stellwerk::policy::expression
