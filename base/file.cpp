#include "base/file.hpp"

#include <fstream>
#include <iostream>
#include <iterator>

namespace stellwerk {

std::optional<std::string> read_file(const std::string& path) {
  if (path == "-") return std::string{std::istreambuf_iterator<char>{std::cin}, std::istreambuf_iterator<char>{}};
  std::ifstream in{path, std::ios::binary};
  if (!in) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
  // A directory opens and then cannot be read.
  return in.bad() ? std::nullopt : std::optional{std::move(text)};
}

bool read_lines(const std::string& path, const std::function<void(std::string_view line)>& take) {
  std::ifstream file;
  if (path != "-") file.open(path, std::ios::binary);
  std::istream& in = path == "-" ? std::cin : file;
  if (!in) return false;
  for (std::string line; std::getline(in, line);) take(line);
  return !in.bad();
}

bool write_file(const std::string& path, std::string_view text) {
  std::ofstream out{path, std::ios::binary};
  out << text;
  return out.flush().good();
}

}  // namespace stellwerk
