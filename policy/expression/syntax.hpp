// The tree of an expression: made by the parser, resolved by the checker, walked by the evaluator.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "policy/expression/value.hpp"

namespace re2 {
class RE2;
}

namespace stellwerk::policy::expression {

enum class node_kind : std::uint8_t {
  literal,
  name,           // becomes variable, local or literal (a type's name) when checked
  variable,       // read from the activation by slot
  local,          // bound by a macro around it
  unbound,        // a name nobody knows, where that is found out at run time
  select,         // children: operand; `text` is the field
  has,            // as select: is the field there
  call,           // an operator or built-in function
  declared_call,  // a function of the schema
  logical_and,
  logical_or,
  conditional,
  list,
  map,    // children: key, value, key, value ...
  macro,  // children: range, [condition,] body; `text` is the bound name
};

enum class macro_kind : std::uint8_t { all, exists, exists_one, filter, map };
enum class call_style : std::uint8_t { operation, function, method };

struct builtin;
struct time_zone;
struct node;
using node_ptr = std::unique_ptr<node>;

struct node {
  node_kind kind = node_kind::literal;
  macro_kind macro = macro_kind::all;
  call_style style = call_style::function;
  bool absolute = false;    // written with a leading dot: never a local
  std::uint16_t index = 0;  // slot, local or declared function, once checked
  std::uint16_t depth = 1;  // longest way down
  std::size_t offset = 0;   // into the source
  value constant;           // of a literal; its text lies in `text` or in the program's memory
  std::string text;         // name, field, function, bound name
  std::vector<node_ptr> children;
  const builtin* callee = nullptr;
  std::shared_ptr<const re2::RE2> pattern;  // of matches() with a literal
  std::shared_ptr<const time_zone> zone;    // of getHours() and the like with a literal
};

inline constexpr std::size_t source_size_max = 32 * 1024;
inline constexpr std::size_t nesting_max = 120;  // of parentheses, brackets, calls and ?:
inline constexpr std::size_t depth_max = 800;    // of the tree, long chains of && included
inline constexpr std::size_t macro_nesting_max = 16;

}  // namespace stellwerk::policy::expression
