#include "mail/address_key.hpp"

#include "base/text.hpp"
#include "mail/address.hpp"

namespace stellwerk::mail {
namespace {

// What stands between the quotes. REQUIRES a closed quoted-string.
std::string unquoted(std::string_view quoted) {
  std::string out;
  for (std::size_t at = 1; at + 1 < quoted.size(); ++at) {
    if (quoted[at] == '\\' && at + 2 < quoted.size()) ++at;
    out += quoted[at];
  }
  return out;
}

// With a backslash only where one is needed.
std::string quoted(std::string_view text) {
  std::string out{"\""};
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string address_key(std::string_view address) {
  const auto at = address.rfind('@');
  const bool has_quotes = at != std::string_view::npos && at >= 2 && address.front() == '"' && address[at - 1] == '"';
  if (!has_quotes) return ascii_lower(address);
  const std::string local = unquoted(address.substr(0, at));
  const std::string_view domain = address.substr(at);
  const auto bare = parse_address(local + std::string{domain});
  const bool needs_none = bare && bare->local == local;
  return ascii_lower((needs_none ? local : quoted(local)) + std::string{domain});
}

}  // namespace stellwerk::mail
