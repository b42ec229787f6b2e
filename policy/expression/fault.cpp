#include "policy/expression/fault.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stellwerk::policy::expression {
namespace {

bool starts_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

std::string excerpt_of(std::string_view source, std::size_t offset, position at) {
  const std::size_t before = offset == 0 ? std::string_view::npos : source.rfind('\n', offset - 1);
  const std::size_t first = before == std::string_view::npos ? 0 : before + 1;
  const std::size_t end = std::min(source.find('\n', offset), source.size());
  std::string line{source.substr(first, end - first)};
  std::replace(line.begin(), line.end(), '\t', ' ');
  return fmt::format("  {}\n  {}^", line, std::string(at.column - 1, ' '));
}

std::string render_at(position at, std::string_view message, std::string_view excerpt) {
  return fmt::format("{}:{}: {}\n{}", at.line, at.column, message, excerpt);
}

}  // namespace

position locate(std::string_view source, std::size_t offset) {
  position at;
  for (std::size_t i = 0; i < std::min(offset, source.size()); ++i) {
    if (source[i] == '\n') {
      ++at.line;
      at.column = 1;
    } else if (starts_character(source[i])) {
      ++at.column;
    }
  }
  return at;
}

fault make_fault(std::string_view source, std::size_t offset, std::string message) {
  offset = std::min(offset, source.size());
  const position at = locate(source, offset);
  return {std::move(message), at, excerpt_of(source, offset, at)};
}

std::string render(const fault& f) { return render_at(f.at, f.message, f.excerpt); }
std::string render(const evaluation_error& e) { return render_at(e.at, e.message, e.excerpt); }

}  // namespace stellwerk::policy::expression
