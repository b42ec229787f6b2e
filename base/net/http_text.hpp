// Writing the head of an HTTP/1.1 message (RFC 9110 section 5, RFC 9112 section 5); private to base/net.
//
// Nothing that could end a line early gets into a head: that is how requests are smuggled.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/net/http.hpp"

namespace stellwerk::net {

[[nodiscard]] bool is_http_token(std::string_view text);
[[nodiscard]] bool is_http_target(std::string_view text);  // origin form

// False, and nothing appended, when the name or the value is not allowed.
[[nodiscard]] bool append_http_field(std::string& head, std::string_view name, std::string_view value);

// Fields that frame the message or name the host are ours; the caller's are left out.
[[nodiscard]] bool is_framing_field(std::string_view name);
[[nodiscard]] bool append_http_fields(std::string& head, const std::vector<http_field>& fields);

}  // namespace stellwerk::net
