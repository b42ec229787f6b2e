#include "mail/mime_writer.hpp"

#include <vector>

#include "mail/header_writer.hpp"
#include "mail/mime_value.hpp"

namespace stellwerk::mail {
namespace {

// "=_" occurs neither in quoted-printable nor in base64; 120 bits of chance keep it out of everything else.
std::string make_boundary(random_source& random) {
  constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string boundary = "=_";
  for (int word = 0; word < 2; ++word) {
    std::uint64_t bits = random.next();
    for (int i = 0; i < 12; ++i, bits >>= 5) boundary += alphabet[bits & 31U];
  }
  return boundary;
}

}  // namespace

std::string open_multipart(std::string& out, std::string_view type, random_source& random, std::string_view root_type) {
  std::string boundary = make_boundary(random);
  std::vector<std::string> parameters;
  if (!root_type.empty()) {
    const std::string_view name = type == "multipart/report" ? "report-type" : "type";
    parameters = format_parameter(name, root_type);
  }
  parameters.push_back("boundary=\"" + boundary + '"');
  append_parameter_field(out, "Content-Type", type, parameters);
  out += "\r\n";
  return boundary;
}

void next_part(std::string& out, std::string_view boundary) {
  // The line break before a delimiter belongs to the delimiter: a part that ends with one keeps its own.
  out.append("\r\n--").append(boundary).append("\r\n");
}

void close_multipart(std::string& out, std::string_view boundary) {
  out.append("\r\n--").append(boundary).append("--\r\n");
}

}  // namespace stellwerk::mail
