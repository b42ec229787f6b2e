#include "adapters/esp/mailjet/vendor_json.hpp"

#include <boost/json/parse.hpp>

namespace stellwerk::adapters::esp::mailjet {

namespace json = boost::json;

namespace {

inline constexpr std::size_t id_digits_max = 20;  // of an unsigned 64-bit number

}  // namespace

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
  if (const std::uint64_t* large = member->if_uint64()) return std::to_string(*large);
  if (const std::int64_t* number = member->if_int64()) return *number > 0 ? std::to_string(*number) : std::string{};
  const json::string* text = member->if_string();
  if (text == nullptr || text->size() > id_digits_max) return {};
  const std::string_view digits{text->data(), text->size()};
  const bool decimal = digits.find_first_not_of("0123456789") == std::string_view::npos;
  const bool zero = digits.find_first_not_of('0') == std::string_view::npos;
  return decimal && !zero ? std::string{digits} : std::string{};
}

}  // namespace stellwerk::adapters::esp::mailjet
