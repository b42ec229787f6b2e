// Where and why an expression is refused at load, or failed when it ran; and how both are shown to people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stellwerk::policy::expression {

struct position {
  std::size_t line = 1;    // 1-based
  std::size_t column = 1;  // 1-based, in characters (code points), so that a caret lands under the right one
};
[[nodiscard]] position locate(std::string_view source, std::size_t offset);

// The expression was refused: syntax, an unknown name, a type that does not fit.
struct fault {
  std::string message;
  position at;
  std::string excerpt;  // the source line with a caret below
};
[[nodiscard]] fault make_fault(std::string_view source, std::size_t offset, std::string message);

// The expression is sound, but these facts gave it no value: no such key, an overflow, a limit.
struct evaluation_error {
  std::string message;
  position at;
  std::string excerpt;
};

// "1:7: unknown name 'strem'; did you mean 'stream'?" and the excerpt below it.
[[nodiscard]] std::string render(const fault& f);
[[nodiscard]] std::string render(const evaluation_error& e);

}  // namespace stellwerk::policy::expression
