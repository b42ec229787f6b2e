// The parts of an absolute http or https URL that a client needs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stellwerk::net {

struct url_parts {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower case; IPv6 without brackets
  std::uint16_t port = 0;
  std::string path;  // without query; "" when the URL has none, never ending in "/"
};

// Refuses user information, a query and a fragment: a base URL has none.
[[nodiscard]] result<url_parts> parse_url(std::string_view text);

}  // namespace stellwerk::net
