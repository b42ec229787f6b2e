// Gives every name its slot and every call its function, and refuses what can never fit the schema.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "policy/expression/fault.hpp"
#include "policy/expression/schema.hpp"
#include "policy/expression/syntax.hpp"

namespace stellwerk::policy::expression {

// A call of one of the schema's functions. Where the first argument is a literal its value is known at load, so
// policy can refuse available("no-such-destination").
struct declared_call {
  std::uint16_t function = 0;  // number in the schema
  std::string name;
  bool literal = false;
  std::string argument;
  position at;
};

struct findings {
  type result;
  slot_set variables;
  function_set functions;
  std::vector<declared_call> calls;
};

// Changes the tree in place: names become variables, locals or type literals; literal patterns are compiled.
[[nodiscard]] boost::system::result<findings, fault> check(std::string_view source, node& root, const schema& names);

}  // namespace stellwerk::policy::expression
