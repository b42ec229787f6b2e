// Reading the vendor's JSON: forgiving about what is missing, exact about ids.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace stellwerk::adapters::esp::mailjet {

// nullopt when `text` is not one JSON object.
[[nodiscard]] std::optional<boost::json::object> parse_object(std::string_view text);

// "" where the member is missing or of another type.
[[nodiscard]] std::string text_member(const boost::json::object& object, std::string_view name);
// nullptr where the member is missing or no array.
[[nodiscard]] const boost::json::array* array_member(const boost::json::object& object, std::string_view name);
[[nodiscard]] int int_member(const boost::json::object& object, std::string_view name);

// A message id as decimal text. Ids are larger than 2^53: they come as integer or string and never pass through a
// double. "" for zero (the sandbox) and for everything else.
[[nodiscard]] std::string id_member(const boost::json::object& object, std::string_view name);

}  // namespace stellwerk::adapters::esp::mailjet
