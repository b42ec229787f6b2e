// The operators and functions of the language: their names, their overloads and the code behind them.
//
// One row per (name, style, number of arguments). The checker reads the overloads; at run time the implementation
// looks at the kinds it is given, so that values of type dyn need no second way.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/expression/syntax.hpp"
#include "policy/expression/type.hpp"

namespace stellwerk::policy::expression {

// Handed to an implementation, which charges before it allocates or walks.
class call_context {
 public:
  call_context(evaluation_memory& memory, const node& site) : memory_{memory}, site_{site} {}

  [[nodiscard]] evaluation_memory& memory() const { return memory_; }
  [[nodiscard]] const node& site() const { return site_; }
  // False when the evaluation's cost is used up; then return over_limit().
  [[nodiscard]] bool charge(std::uint64_t units) const { return memory_.charge(units); }
  [[nodiscard]] bool charge_text(std::size_t bytes) const { return charge(bytes / 16); }
  [[nodiscard]] value fail(std::string_view message) const;  // the message is copied
  [[nodiscard]] value over_limit() const;
  [[nodiscard]] value no_overload(std::span<const value> arguments) const;

 private:
  evaluation_memory& memory_;
  const node& site_;
};

using implementation = value (*)(const call_context& context, std::span<const value> arguments);

struct overload {
  std::vector<type> parameters;
  type result;
};

struct builtin {
  std::string_view name;
  call_style style;
  std::size_t arity;
  implementation run;
  std::vector<overload> overloads;
};

inline constexpr std::size_t arity_max = 4;

[[nodiscard]] const builtin* find_builtin(std::string_view name, call_style style, std::size_t arity);
[[nodiscard]] bool is_builtin_name(std::string_view name);
// For "did you mean" hints.
[[nodiscard]] std::vector<std::string_view> builtin_names(call_style style);

}  // namespace stellwerk::policy::expression
