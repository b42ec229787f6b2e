#include "policy/expression/evaluator.hpp"

#include <array>
#include <vector>

#include "policy/expression/builtins.hpp"
#include "policy/expression/containers.hpp"

namespace stellwerk::policy::expression {
namespace {

// What macros bind. Not initialised: most conditions have no macro, and each of its values is written before it is
// read.
union local_values {
  local_values() {}  // NOLINT(modernize-use-equals-default): a defaulted one would be deleted
  std::array<value, macro_nesting_max + 1> at;
};

class walker {
 public:
  walker(const activation& facts, evaluation_memory& memory) : facts_{facts}, memory_{memory} {}

  value visit(const node& n) {
    if (!memory_.charge(1)) return located(n, over_limit(n));
    switch (n.kind) {
      case node_kind::literal: return n.constant;
      case node_kind::variable: return located(n, facts_.variable(n.index, memory_));
      case node_kind::local: return locals_.at[n.index];
      case node_kind::name:
      case node_kind::unbound: return fail(n, "unknown name '" + n.text + "'");
      case node_kind::select: return visit_select(n);
      case node_kind::has: return visit_has(n);
      case node_kind::call: return visit_call(n);
      case node_kind::declared_call: return visit_declared_call(n);
      case node_kind::logical_and: return visit_logical(n, false);
      case node_kind::logical_or: return visit_logical(n, true);
      case node_kind::conditional: return visit_conditional(n);
      case node_kind::list: return visit_list(n);
      case node_kind::map: return visit_map(n);
      case node_kind::macro: return visit_macro(n);
    }
    return fail(n, "not an expression");
  }

 private:
  value fail(const node& n, std::string_view message) {
    return located(n, value::error(*memory_.make<evaluation_fault>(evaluation_fault{memory_.copy(message)})));
  }

  value over_limit(const node& n) { return call_context{memory_, n}.over_limit(); }

  // An error gets the place of the innermost node that made it.
  value located(const node& n, const value& v) {
    if (!v.is_error() || v.as_error().located) return v;
    evaluation_fault placed = v.as_error();
    placed.offset = n.offset;
    placed.located = true;
    return value::error(*memory_.make<evaluation_fault>(placed));
  }

  value visit_select(const node& n) {
    const value operand = visit(*n.children.front());
    if (operand.is_error()) return operand;
    if (!operand.is(value_kind::map)) return fail(n, "no such field '" + n.text + "'");
    const map_view& map = operand.as_map();
    if (auto found = map.find(value::string(n.text), memory_)) return located(n, *found);
    if (map.absent_reads_empty()) return value::string("");
    return fail(n, "no such key: '" + n.text + "'");
  }

  value visit_has(const node& n) {
    const value operand = visit(*n.children.front());
    if (operand.is_error()) return operand;
    if (!operand.is(value_kind::map)) return fail(n, "a value without fields");
    return value::boolean(operand.as_map().find(value::string(n.text), memory_).has_value());
  }

  value visit_call(const node& n) {
    if (n.callee == nullptr) return fail(n, "unknown function '" + n.text + "'");
    std::array<value, arity_max> arguments;
    for (std::size_t i = 0; i < n.children.size(); ++i) {
      arguments[i] = visit(*n.children[i]);
      if (arguments[i].is_error()) return arguments[i];
    }
    const call_context context{memory_, n};
    return located(n, n.callee->run(context, std::span{arguments}.first(n.children.size())));
  }

  value visit_declared_call(const node& n) {
    std::array<value, arity_max> arguments;
    const std::size_t count = std::min(n.children.size(), arguments.size());
    for (std::size_t i = 0; i < count; ++i) {
      arguments[i] = visit(*n.children[i]);
      if (arguments[i].is_error()) return arguments[i];
    }
    return located(n, facts_.call(n.index, std::span{arguments}.first(count), memory_));
  }

  // Commutative and error-absorbing: one side that decides is enough, whatever the other does. A limit is never
  // absorbed.
  value visit_logical(const node& n, bool decides) {
    value first_error;
    for (const node_ptr& child : n.children) {
      const value side = visit(*child);
      if (side.is(value_kind::boolean)) {
        if (side.as_boolean() == decides) return side;
        continue;
      }
      const value problem = side.is_error() ? side : fail(*child, "no such overload: a condition is wanted");
      if (problem.as_error().limit) return problem;
      if (!first_error.is_error()) first_error = problem;
    }
    return first_error.is_error() ? first_error : value::boolean(!decides);
  }

  value visit_conditional(const node& n) {
    const value condition = visit(*n.children[0]);
    if (condition.is_error()) return condition;
    if (!condition.is(value_kind::boolean)) return fail(n, "no such overload: a condition is wanted");
    return visit(*n.children[condition.as_boolean() ? 1 : 2]);
  }

  value visit_list(const node& n) {
    if (!memory_.charge(n.children.size() * 2)) return over_limit(n);
    const std::span<value> elements = memory_.make_array<value>(n.children.size());
    for (std::size_t i = 0; i < n.children.size(); ++i) {
      elements[i] = visit(*n.children[i]);
      if (elements[i].is_error()) return elements[i];
    }
    return value::list(*memory_.make<value_list>(elements));
  }

  value visit_map(const node& n) {
    const std::size_t count = n.children.size() / 2;
    if (!memory_.charge(count * 4)) return over_limit(n);
    const std::span<map_entry> entries = memory_.make_array<map_entry>(count);
    for (std::size_t i = 0; i < count; ++i) {
      entries[i].key = visit(*n.children[2 * i]);
      if (entries[i].key.is_error()) return entries[i].key;
      for (std::size_t earlier = 0; earlier < i; ++earlier) {
        if (equal(entries[earlier].key, entries[i].key, memory_))
          return fail(*n.children[2 * i], "the key stands twice");
      }
      switch (entries[i].key.kind()) {
        case value_kind::boolean:
        case value_kind::integer:
        case value_kind::unsigned_integer:
        case value_kind::string: break;
        default: return fail(*n.children[2 * i], "unsupported key type");
      }
      entries[i].mapped = visit(*n.children[2 * i + 1]);
      if (entries[i].mapped.is_error()) return entries[i].mapped;
    }
    if (memory_.exhausted()) return over_limit(n);
    return value::map(*memory_.make<value_map>(entries));
  }

  // The elements a macro goes over: of a list, or the keys of a map.
  struct range_of {
    std::span<const value> keys;
    const list_view* list = nullptr;
    std::size_t size = 0;
    [[nodiscard]] value at(std::size_t i) const { return list != nullptr ? list->at(i) : keys[i]; }
  };

  value visit_macro(const node& n) {
    const value over = visit(*n.children[0]);
    if (over.is_error()) return over;
    range_of range;
    if (over.is(value_kind::list)) {
      range.list = &over.as_list();
      range.size = range.list->size();
    } else if (over.is(value_kind::map)) {
      range.size = over.as_map().size();
      if (!memory_.charge(range.size * 2)) return over_limit(n);
      const std::span<value> keys = memory_.make_array<value>(range.size);
      over.as_map().keys(keys);
      range.keys = keys;
    } else {
      return fail(n, "only lists and maps have elements");
    }
    const std::size_t mine = depth_++;
    value answer;
    switch (n.macro) {
      case macro_kind::all: answer = quantify(n, range, mine, false); break;
      case macro_kind::exists: answer = quantify(n, range, mine, true); break;
      case macro_kind::exists_one: answer = exists_one(n, range, mine); break;
      case macro_kind::filter:
      case macro_kind::map: answer = collect(n, range, mine); break;
    }
    --depth_;
    return answer;
  }

  // all and exists absorb errors as && and || do.
  value quantify(const node& n, const range_of& range, std::size_t mine, bool decides) {
    value first_error;
    for (std::size_t i = 0; i < range.size; ++i) {
      locals_.at[mine] = range.at(i);
      const value one = condition(*n.children[1]);
      if (one.is_error()) {
        if (one.as_error().limit) return one;
        if (!first_error.is_error()) first_error = one;
      } else if (one.as_boolean() == decides) {
        return one;
      }
    }
    return first_error.is_error() ? first_error : value::boolean(!decides);
  }

  value exists_one(const node& n, const range_of& range, std::size_t mine) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < range.size; ++i) {
      locals_.at[mine] = range.at(i);
      const value one = condition(*n.children[1]);
      if (one.is_error()) return one;
      count += one.as_boolean() ? 1 : 0;
    }
    return value::boolean(count == 1);
  }

  value collect(const node& n, const range_of& range, std::size_t mine) {
    const bool maps = n.macro == macro_kind::map;
    const bool conditional = !maps || n.children.size() == 3;
    if (!memory_.charge(range.size * 2)) return over_limit(n);
    const std::span<value> out = memory_.make_array<value>(range.size);
    std::size_t count = 0;
    for (std::size_t i = 0; i < range.size; ++i) {
      const value element = range.at(i);
      locals_.at[mine] = element;
      if (conditional) {
        const value wanted = condition(*n.children[1]);
        if (wanted.is_error()) return wanted;
        if (!wanted.as_boolean()) continue;
      }
      out[count] = maps ? visit(*n.children.back()) : element;
      if (out[count].is_error()) return out[count];
      ++count;
    }
    return value::list(*memory_.make<value_list>(out.first(count)));
  }

  value condition(const node& n) {
    const value answer = visit(n);
    if (answer.is_error() || answer.is(value_kind::boolean)) return answer;
    return fail(n, "no such overload: a condition is wanted");
  }

  const activation& facts_;
  evaluation_memory& memory_;
  local_values locals_;
  std::size_t depth_ = 0;
};

}  // namespace

value evaluate(const node& root, const activation& facts, evaluation_memory& memory) {
  return walker{facts, memory}.visit(root);
}

}  // namespace stellwerk::policy::expression
