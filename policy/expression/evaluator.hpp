// Walks a checked tree. Every node charges the memory's account, so time is bounded by the cost limit; depth by the
// parser.
#pragma once

#include "policy/expression/activation.hpp"
#include "policy/expression/syntax.hpp"

namespace stellwerk::policy::expression {

[[nodiscard]] value evaluate(const node& root, const activation& facts, evaluation_memory& memory);

}  // namespace stellwerk::policy::expression
