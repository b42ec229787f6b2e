// The words of the language, as the lexer hands them to the parser: views into the source, which outlives them.
#pragma once

#include <cstddef>
#include <string_view>

namespace stellwerk::policy::expression {

enum class token_kind {
  identifier,
  quoted_identifier,  // `x-y`, after a dot only
  integer,            // as written, without a sign; "0x" for hexadecimal
  unsigned_integer,   // with its u
  real,
  string,  // with prefix and quotes
  bytes,
  keyword_in,
  keyword_true,
  keyword_false,
  keyword_null,
  logical_or,
  logical_and,
  equals,
  not_equals,
  less,
  less_equal,
  greater,
  greater_equal,
  plus,
  minus,
  star,
  slash,
  percent,
  exclamation,
  question,
  colon,
  comma,
  dot,
  left_parenthesis,
  right_parenthesis,
  left_bracket,
  right_bracket,
  left_brace,
  right_brace,
  end,
};

struct token {
  token_kind kind = token_kind::end;
  std::string_view text;  // a view into the source
  std::size_t offset = 0;
};

// Kept by the language for itself; not usable as the name of a variable or function.
[[nodiscard]] bool is_reserved(std::string_view word);

}  // namespace stellwerk::policy::expression
