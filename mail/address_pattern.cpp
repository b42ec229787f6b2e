#include "mail/address_pattern.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace stellwerk::mail {
namespace {

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() > end.size() && iequals(text.substr(text.size() - end.size()), end);
}

}  // namespace

bool is_address_pattern(std::string_view pattern) {
  if (pattern == "*") return true;
  const std::size_t at = pattern.rfind('@');
  if (at == std::string_view::npos) return false;
  std::string_view domain = pattern.substr(at + 1);
  if (at == 0 && domain.starts_with("*.")) domain.remove_prefix(2);
  return !domain.empty() && domain.find_first_of("* \t") == std::string_view::npos && domain.front() != '.';
}

bool matches_address(std::string_view pattern, std::string_view address) {
  if (pattern == "*") return true;
  const std::size_t at = address.rfind('@');
  if (at == std::string_view::npos) return false;
  if (pattern.starts_with("@*.")) return ends_with_ignoring_case(address.substr(at + 1), pattern.substr(2));
  if (pattern.starts_with('@')) return iequals(address.substr(at), pattern);
  return iequals(address, pattern);
}

bool address_allowed(std::span<const std::string> patterns, std::string_view address) {
  if (patterns.empty()) return true;
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_address(pattern, address); });
}

}  // namespace stellwerk::mail
