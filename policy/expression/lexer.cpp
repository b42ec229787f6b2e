#include "policy/expression/lexer.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/text.hpp"

namespace stellwerk::policy::expression {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f'); }
bool starts_name(char c) { return c == '_' || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'); }
bool continues_name(char c) { return starts_name(c) || is_digit(c); }

struct operator_text {
  std::string_view text;
  token_kind kind;
};

// Longer ones first.
constexpr std::array operators{
    operator_text{"||", token_kind::logical_or},
    operator_text{"&&", token_kind::logical_and},
    operator_text{"==", token_kind::equals},
    operator_text{"!=", token_kind::not_equals},
    operator_text{"<=", token_kind::less_equal},
    operator_text{">=", token_kind::greater_equal},
    operator_text{"<", token_kind::less},
    operator_text{">", token_kind::greater},
    operator_text{"+", token_kind::plus},
    operator_text{"-", token_kind::minus},
    operator_text{"*", token_kind::star},
    operator_text{"/", token_kind::slash},
    operator_text{"%", token_kind::percent},
    operator_text{"!", token_kind::exclamation},
    operator_text{"?", token_kind::question},
    operator_text{":", token_kind::colon},
    operator_text{",", token_kind::comma},
    operator_text{".", token_kind::dot},
    operator_text{"(", token_kind::left_parenthesis},
    operator_text{")", token_kind::right_parenthesis},
    operator_text{"[", token_kind::left_bracket},
    operator_text{"]", token_kind::right_bracket},
    operator_text{"{", token_kind::left_brace},
    operator_text{"}", token_kind::right_brace},
};

constexpr std::array<std::string_view, 17> reserved_words{
    "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
    "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};

class lexer {
 public:
  explicit lexer(std::string_view source) : source_{source} {}

  boost::system::result<std::vector<token>, fault> run() {
    for (;;) {
      skip_blank();
      start_ = at_;
      if (at_ == source_.size()) {
        add(token_kind::end);
        return std::move(tokens_);
      }
      if (auto trouble = next()) return *std::move(trouble);
    }
  }

 private:
  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }
  [[nodiscard]] bool follows(std::string_view text) const { return source_.substr(at_).starts_with(text); }
  void add(token_kind kind) { tokens_.push_back({kind, source_.substr(start_, at_ - start_), start_}); }
  [[nodiscard]] fault trouble(std::string message) const { return make_fault(source_, start_, std::move(message)); }

  void skip_blank() {
    for (;;) {
      const char c = peek();
      if (at_ < source_.size() && (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f')) {
        ++at_;
      } else if (follows("//")) {
        at_ = std::min(source_.find('\n', at_), source_.size());
      } else {
        return;
      }
    }
  }

  std::optional<fault> next() {
    if (const std::size_t prefix = string_prefix(); prefix != std::string_view::npos) return string(prefix);
    const char c = peek();
    if (starts_name(c)) return name();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (c == '`') return quoted_name();
    for (const operator_text& candidate : operators) {
      if (!follows(candidate.text)) continue;
      at_ += candidate.text.size();
      add(candidate.kind);
      return std::nullopt;
    }
    if (c == '=' || c == '&' || c == '|')
      return trouble(fmt::format("'{}' alone is not an operator; write '{}{}'", c, c, c));
    if (static_cast<unsigned char>(c) < 0x21 || static_cast<unsigned char>(c) > 0x7e) {
      return trouble("an unexpected character outside of a string");
    }
    return trouble(fmt::format("unexpected character '{}'", c));
  }

  // The length of r, b or br before a quote; npos where no string starts.
  [[nodiscard]] std::size_t string_prefix() const {
    std::size_t length = 0;
    if (ascii_lower(peek(length)) == 'b') ++length;
    if (ascii_lower(peek(length)) == 'r') ++length;
    const char quote = peek(length);
    return quote == '"' || quote == '\'' ? length : std::string_view::npos;
  }

  std::optional<fault> string(std::size_t prefix) {
    const bool bytes = ascii_lower(peek()) == 'b';
    const bool raw = prefix > 0 && ascii_lower(peek(prefix - 1)) == 'r';
    at_ += prefix;
    const char quote = peek();
    const bool triple = peek(1) == quote && peek(2) == quote;
    const std::string closing(triple ? 3 : 1, quote);
    at_ += closing.size();
    while (!follows(closing)) {
      const char c = peek();
      if (at_ == source_.size() || (!triple && (c == '\n' || c == '\r'))) return trouble("the string does not end");
      at_ += c == '\\' && !raw && at_ + 1 < source_.size() ? 2 : 1;
    }
    at_ += closing.size();
    add(bytes ? token_kind::bytes : token_kind::string);
    return std::nullopt;
  }

  std::optional<fault> name() {
    while (continues_name(peek())) ++at_;
    const std::string_view word = source_.substr(start_, at_ - start_);
    if (word == "in") {
      add(token_kind::keyword_in);
    } else if (word == "true") {
      add(token_kind::keyword_true);
    } else if (word == "false") {
      add(token_kind::keyword_false);
    } else if (word == "null") {
      add(token_kind::keyword_null);
    } else {
      add(token_kind::identifier);
    }
    return std::nullopt;
  }

  std::optional<fault> quoted_name() {
    const std::size_t end = source_.find('`', at_ + 1);
    if (end == std::string_view::npos) return trouble("the quoted name does not end");
    const std::string_view inner = source_.substr(at_ + 1, end - at_ - 1);
    const auto allowed = [](char c) { return continues_name(c) || c == '-' || c == '.' || c == '/' || c == ' '; };
    if (inner.empty() || !std::all_of(inner.begin(), inner.end(), allowed)) {
      return trouble("a quoted name is made of letters, digits, '_', '-', '.', '/' and spaces");
    }
    at_ = end + 1;
    add(token_kind::quoted_identifier);
    return std::nullopt;
  }

  std::optional<fault> number() {
    token_kind kind = token_kind::integer;
    if (peek() == '0' && ascii_lower(peek(1)) == 'x') {
      at_ += 2;
      const std::size_t first = at_;
      while (is_hex_digit(peek())) ++at_;
      if (at_ == first) return trouble("a hexadecimal number needs digits");
    } else {
      kind = decimal();
    }
    if (kind == token_kind::integer && ascii_lower(peek()) == 'u') {
      ++at_;
      kind = token_kind::unsigned_integer;
    }
    if (continues_name(peek())) return trouble("a name may not start with a digit");
    add(kind);
    return std::nullopt;
  }

  token_kind decimal() {
    token_kind kind = token_kind::integer;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      kind = token_kind::real;
      ++at_;
      while (is_digit(peek())) ++at_;
    }
    const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (ascii_lower(peek()) == 'e' && is_digit(peek(1 + sign))) {
      kind = token_kind::real;
      at_ += 1 + sign;
      while (is_digit(peek())) ++at_;
    }
    return kind;
  }

  std::string_view source_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  std::vector<token> tokens_;
};

}  // namespace

bool is_reserved(std::string_view word) {
  return std::find(reserved_words.begin(), reserved_words.end(), word) != reserved_words.end();
}

boost::system::result<std::vector<token>, fault> tokenize(std::string_view source) { return lexer{source}.run(); }

}  // namespace stellwerk::policy::expression
