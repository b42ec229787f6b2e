#include "adapters/esp/mailjet/vendor_json.hpp"

#include <boost/json/parse.hpp>

#include "base/text.hpp"

namespace stellwerk::adapters::esp::mailjet {

namespace json = boost::json;

std::optional<json::object> parse_object(std::string_view text) {
  boost::system::error_code failure;
  json::value parsed = json::parse(text, failure);
  if (failure || !parsed.is_object()) return std::nullopt;
  return std::move(parsed.get_object());
}

std::string text_member(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  return member != nullptr && member->is_string() ? std::string{member->get_string()} : std::string{};
}

const json::array* array_member(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  return member != nullptr ? member->if_array() : nullptr;
}

int int_member(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  const std::int64_t* number = member != nullptr ? member->if_int64() : nullptr;
  return number != nullptr && *number >= 0 && *number < 1000 ? static_cast<int>(*number) : 0;
}

std::string id_member(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  if (member == nullptr) return {};
  std::optional<std::uint64_t> id;
  if (const std::uint64_t* large = member->if_uint64()) id = *large;
  if (const std::int64_t* number = member->if_int64(); number != nullptr && *number > 0) id = *number;
  if (const json::string* text = member->if_string()) id = parse_decimal(*text);
  return id.value_or(0) == 0 ? std::string{} : std::to_string(*id);
}

}  // namespace stellwerk::adapters::esp::mailjet
