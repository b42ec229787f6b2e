// Tokens to tree: the grammar and precedence of the CEL specification, macros recognised on the way.
#pragma once

#include <string_view>

#include <boost/system/result.hpp>

#include "policy/expression/fault.hpp"
#include "policy/expression/syntax.hpp"

namespace stellwerk::policy::expression {

[[nodiscard]] boost::system::result<node_ptr, fault> parse(std::string_view source);

}  // namespace stellwerk::policy::expression
