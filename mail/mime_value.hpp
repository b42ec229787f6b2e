// "value; name=value" of Content-Type and Content-Disposition (RFC 2045, RFC 2183) with the parameter forms of RFC
// 2231.
//
// Reading forgives: what cannot be read is left out, the first of two equal parameters wins.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace stellwerk::mail {

struct mime_parameter {
  std::string name;   // lower case, without the marks of RFC 2231
  std::string value;  // UTF-8
};

struct mime_value {
  std::string value;  // lower case: "text/plain", "attachment"
  std::vector<mime_parameter> parameters;

  [[nodiscard]] std::string_view parameter(std::string_view lower_name) const;  // "" if absent
  [[nodiscard]] std::string_view type() const;                                  // "text" of "text/plain"
  [[nodiscard]] std::string_view subtype() const;                               // "plain" of "text/plain"
};

[[nodiscard]] mime_value parse_mime_value(std::string_view raw_field_value);

// One parameter for sending, as the pieces to stand behind "; ": a token, a quoted string, or the extended and
// continued form of RFC 2231 (each piece at most about 70 octets). REQUIRES a valid UTF-8 value without control
// characters.
[[nodiscard]] std::vector<std::string> format_parameter(std::string_view name, std::string_view utf8);

}  // namespace stellwerk::mail
