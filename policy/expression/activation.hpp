// activation: where a running expression reads its variables. Asked by slot, never by name; values are views into what
// the activation shows and must stay alive until the evaluation ends. Thread rule: used by one evaluation at a time.
#pragma once

#include <cstdint>
#include <span>

#include "policy/expression/memory.hpp"
#include "policy/expression/value.hpp"

namespace stellwerk::policy::expression {

class activation {
 public:
  // The variable of that slot of the schema; an error value where it has none.
  [[nodiscard]] virtual value variable(std::uint16_t slot, evaluation_memory& memory) const = 0;
  // A function of the schema; the arguments are no errors.
  [[nodiscard]] virtual value call(std::uint16_t function, std::span<const value> arguments,
                                   evaluation_memory& memory) const = 0;

 protected:
  ~activation() = default;
};

}  // namespace stellwerk::policy::expression
