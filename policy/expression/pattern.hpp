// Regular expressions of matches(): RE2, so the time is linear in the text whatever the pattern.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace re2 {
class RE2;
}

namespace stellwerk::policy::expression {

// The error is the reason the pattern is refused, in words.
[[nodiscard]] boost::system::result<std::shared_ptr<const re2::RE2>, std::string> compile_pattern(
    std::string_view text);
[[nodiscard]] bool matches_pattern(const re2::RE2& pattern, std::string_view text);  // anywhere in the text

}  // namespace stellwerk::policy::expression
