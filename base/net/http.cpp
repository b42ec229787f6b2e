#include "base/net/http.hpp"

#include "base/text.hpp"

namespace stellwerk::net {
namespace {

std::string_view first_of(const std::vector<http_field>& fields, std::string_view name) {
  for (const http_field& field : fields) {
    if (iequals(field.name, name)) return field.value;
  }
  return {};
}

}  // namespace

std::string_view http_request::field(std::string_view name) const { return first_of(fields, name); }
std::string_view http_response::field(std::string_view name) const { return first_of(fields, name); }

std::string_view http_request::path() const { return std::string_view{target}.substr(0, target.find('?')); }

}  // namespace stellwerk::net
