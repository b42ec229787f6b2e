#include "base/net/http_text.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace stellwerk::net {

bool is_http_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [marks](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

bool is_http_target(std::string_view text) {
  return text.starts_with('/') && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

bool append_http_field(std::string& head, std::string_view name, std::string_view value) {
  const bool clean = std::none_of(value.begin(), value.end(), [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && c != '\t') || octet == 0x7f;
  });
  if (!clean || !is_http_token(name)) return false;
  head.append(name).append(": ").append(value).append("\r\n");
  return true;
}

bool is_framing_field(std::string_view name) {
  constexpr std::string_view ours[] = {"host", "content-length", "transfer-encoding", "connection", "keep-alive",
                                       "te",   "trailer",        "upgrade",           "expect"};
  return std::any_of(std::begin(ours), std::end(ours), [name](std::string_view one) { return iequals(one, name); });
}

bool append_http_fields(std::string& head, const std::vector<http_field>& fields) {
  return std::all_of(fields.begin(), fields.end(), [&head](const http_field& field) {
    return is_framing_field(field.name) || append_http_field(head, field.name, field.value);
  });
}

}  // namespace stellwerk::net
