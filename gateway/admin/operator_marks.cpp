#include "gateway/admin/operator_marks.hpp"

#include <boost/json.hpp>

namespace stellwerk::admin {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& one, std::string_view key) {
  const json::value* value = one.if_contains(key);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : "";
}

void restore(const json::object& one, delivery::destination_table& table, time_point now) {
  const std::string name = text_of(one, "name");
  const std::string reason = text_of(one, "reason");
  if (text_of(one, "state") == "drained") {
    (void)table.drain(name, reason);
    return;
  }
  const auto until = parse_rfc3339(text_of(one, "until"));
  if (until && *until <= now) return;
  (void)table.suspend(name, until ? std::optional{*until - now} : std::nullopt, reason);
}

}  // namespace

std::string encode_marks(const std::vector<delivery::destination_snapshot>& destinations) {
  json::array out;
  for (const delivery::destination_snapshot& one : destinations) {
    if (one.state != "drained" && one.state != "suspended") continue;
    json::object mark{{"name", one.name}, {"state", one.state}, {"reason", one.operator_reason}};
    if (one.suspended_until) mark["until"] = to_rfc3339(*one.suspended_until);
    out.push_back(std::move(mark));
  }
  return json::serialize(out);
}

bool restore_marks(std::string_view text, delivery::destination_table& table, time_point now) {
  boost::system::error_code failure;
  const json::value parsed = json::parse(text, failure);
  if (failure || !parsed.is_array()) return false;
  for (const json::value& one : parsed.get_array()) {
    if (!one.is_object()) return false;
    restore(one.get_object(), table, now);
  }
  return true;
}

}  // namespace stellwerk::admin
