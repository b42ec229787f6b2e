#include "policy/expression/pattern.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

namespace stellwerk::policy::expression {
namespace {

constexpr std::int64_t compiled_bytes_max = 1 << 20;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

boost::system::result<std::shared_ptr<const re2::RE2>, std::string> compile_pattern(std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(compiled_bytes_max);
  auto compiled = std::make_shared<const re2::RE2>(piece(text), options);
  if (!compiled->ok()) return fmt::format("the pattern is not a regular expression of RE2: {}", compiled->error());
  return {std::move(compiled)};
}

bool matches_pattern(const re2::RE2& pattern, std::string_view text) {
  return re2::RE2::PartialMatch(piece(text), pattern);
}

}  // namespace stellwerk::policy::expression
