// What an expression may name: variables with their types and slots, functions, and the uses that lack some of them.
//
// A slot is a variable's place in the order of declaration; the activation is asked by slot, so no name is looked up
// when a condition runs. A subset keeps the slots of the schema it was made from: one activation serves all of them.
#pragma once

#include <bitset>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "policy/expression/type.hpp"

namespace stellwerk::policy::expression {

inline constexpr std::size_t slots_max = 128;
inline constexpr std::size_t functions_max = 32;
using slot_set = std::bitset<slots_max>;
using function_set = std::bitset<functions_max>;

struct declared_variable {
  std::string name;  // may be qualified: "a.b"
  type declared;
  bool absent_reads_empty = false;  // for maps: an absent key reads ""
  std::string refused_in;           // set by without(): the use that may not name it
};

// Answered by the activation. Its result must depend on nothing but the arguments and what the activation shows.
struct declared_function {
  std::string name;
  std::vector<type> parameters;
  type result;
  std::string refused_in;
};

class schema {
 public:
  enum class checking {
    strict,       // a type that cannot fit is a fault at load
    at_run_time,  // overloads are chosen when the expression runs, as for `stellwerk eval` on facts without types
  };

  schema& variable(std::string name, type declared);
  schema& map_reading_empty(std::string name, type declared);  // REQUIRES a map(string, string)
  schema& function(std::string name, std::vector<type> parameters, type result);
  schema& check(checking when);

  // The same schema for a use where `names` (variables and functions) may not appear: naming one is a fault saying
  // "'now' may not be used in a refuse rule" for use = "a refuse rule".
  [[nodiscard]] schema without(std::string_view use, std::initializer_list<std::string_view> names) const;

  [[nodiscard]] const std::vector<declared_variable>& variables() const { return variables_; }
  [[nodiscard]] const std::vector<declared_function>& functions() const { return functions_; }
  [[nodiscard]] checking when_checked() const { return checking_; }
  [[nodiscard]] int slot_of(std::string_view name) const;      // -1 if there is none
  [[nodiscard]] int function_of(std::string_view name) const;  // -1 if there is none

 private:
  std::vector<declared_variable> variables_;
  std::vector<declared_function> functions_;
  checking checking_ = checking::strict;
};

}  // namespace stellwerk::policy::expression
