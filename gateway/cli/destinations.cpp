#include <iostream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "gateway/cli/admin_client.hpp"
#include "gateway/cli/command.hpp"

namespace stellwerk::cli {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key, std::string_view absent) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::string{absent};
  return value->is_string() ? std::string{value->get_string()} : json::serialize(*value);
}

std::string operator_of(const json::object& one) {
  const std::string until = text_of(one, "suspendedUntil", "");
  return text_of(one, "operatorReason", "") + (until.empty() ? "" : " (until " + until + ")");
}

void print(const admin_arguments& admin, const json::object& one) {
  if (admin.format == output::json) {
    std::cout << json::serialize(one) << "\n";
    return;
  }
  std::cout << fmt::format("{:<14} {:<9} {:<9} {:<16} {:<12} {:>9} {:>12}  {}\n", text_of(one, "name", ""),
                           text_of(one, "adapter", ""), text_of(one, "zone", ""), text_of(one, "state", ""),
                           text_of(one, "cause", ""), text_of(one, "inFlight", "0"), text_of(one, "connections", "0"),
                           operator_of(one));
}

}  // namespace

int destinations_list(const admin_arguments& admin) {
  const auto body = call_admin(admin, "DestinationService/ListDestinations", "{}");
  if (!body) return 1;
  if (admin.format == output::text) {
    std::cout << fmt::format("{:<14} {:<9} {:<9} {:<16} {:<12} {:>9} {:>12}  {}\n", "NAME", "ADAPTER", "ZONE", "STATE",
                             "CAUSE", "IN FLIGHT", "CONNECTIONS", "OPERATOR");
  }
  const json::object answer = json::parse(*body).as_object();
  const json::value* rows = answer.if_contains("destinations");
  if (rows == nullptr) return 0;
  for (const json::value& row : rows->get_array()) print(admin, row.get_object());
  return 0;
}

int destinations_change(const admin_arguments& admin, const std::string& verb, const std::string& name,
                        const std::string& reason, std::optional<std::chrono::seconds> lasts) {
  json::object request{{"name", name}, {"reason", reason}};
  if (lasts) request["duration"] = std::to_string(lasts->count()) + "s";
  const auto body = call_admin(admin, "DestinationService/" + verb + "Destination", json::serialize(request));
  if (!body) return 1;
  const json::object answer = json::parse(*body).as_object();
  if (const json::value* one = answer.if_contains("destination")) print(admin, one->get_object());
  return 0;
}

int destinations_probe(const admin_arguments& admin, const std::string& name) {
  const auto body =
      call_admin(admin, "DestinationService/ProbeDestination", json::serialize(json::object{{"name", name}}));
  if (!body) return 1;
  const json::object answer = json::parse(*body).as_object();
  const json::value* healthy = answer.if_contains("healthy");
  const bool well = healthy != nullptr && healthy->is_bool() && healthy->get_bool();
  if (admin.format == output::json) {
    std::cout << *body << "\n";
  } else if (well) {
    std::cout << name << " answers\n";
  } else {
    std::cout << name << " does not answer: " << text_of(answer, "outcome", "") << " at "
              << text_of(answer, "stage", "") << ": " << text_of(answer, "reply", "") << "\n";
  }
  return well ? 0 : 1;
}

}  // namespace stellwerk::cli
