#include "policy/expression/text_points.hpp"

#include <algorithm>
#include <array>

namespace stellwerk::policy::expression {
namespace {

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

constexpr std::array<std::string_view, 25> white_space{
    "\t",     "\n",     "\v",     "\f",     "\r",     " ",      "\u0085", "\u00a0", "\u1680",
    "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
    "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

}  // namespace

std::size_t count_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !continues(c); }));
}

std::size_t offset_of_point(std::string_view text, std::size_t point) {
  std::size_t seen = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (continues(text[i])) continue;
    if (seen++ == point) return i;
  }
  return text.size();
}

std::string_view first_point(std::string_view text) {
  std::size_t end = text.empty() ? 0 : 1;
  while (end < text.size() && continues(text[end])) ++end;
  return text.substr(0, end);
}

std::string_view trim_white_space(std::string_view text) {
  const auto leads = [&](std::string_view space) { return text.starts_with(space); };
  const auto trails = [&](std::string_view space) { return text.ends_with(space); };
  for (auto it = white_space.begin(); it != white_space.end();) {
    it = std::find_if(white_space.begin(), white_space.end(), leads);
    if (it != white_space.end()) text.remove_prefix(it->size());
  }
  for (auto it = white_space.begin(); it != white_space.end();) {
    it = std::find_if(white_space.begin(), white_space.end(), trails);
    if (it != white_space.end()) text.remove_suffix(it->size());
  }
  return text;
}

}  // namespace stellwerk::policy::expression
