#include "base/file_text.hpp"

#include <cerrno>
#include <fstream>

namespace stellwerk {

result<std::string> read_file_text(const std::string& path, std::size_t bytes_max) {
  std::ifstream in{path, std::ios::binary};
  if (!in) return error{boost::system::error_code{errno, boost::system::system_category()}, "file.open"};
  std::string text;
  text.resize(bytes_max + 1);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return error{errc::closed, "file.read"};
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > bytes_max) return error{errc::message_too_large, "file.read"};
  return text;
}

}  // namespace stellwerk
