// Source text to tokens. Comments run from `//` to the end of the line.
#pragma once

#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

#include "policy/expression/fault.hpp"
#include "policy/expression/token.hpp"

namespace stellwerk::policy::expression {

// The last token is `end`. The tokens view into `source`.
[[nodiscard]] boost::system::result<std::vector<token>, fault> tokenize(std::string_view source);

}  // namespace stellwerk::policy::expression
