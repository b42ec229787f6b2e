#include <algorithm>
#include <iostream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/text.hpp"
#include "gateway/cli/admin_client.hpp"
#include "gateway/cli/command.hpp"

namespace stellwerk::cli {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return "";
  return value->is_string() ? std::string{value->get_string()} : json::serialize(*value);
}

// "STATE_DEFERRED" -> "deferred"
std::string word_of(const std::string& name) {
  for (const std::string_view prefix : {"STATE_", "TRAFFIC_STREAM_"}) {
    if (name.starts_with(prefix)) return ascii_lower(name.substr(prefix.size()));
  }
  return name;
}

json::object recipient_of(const json::object& row) {
  const json::value* inner = row.if_contains("recipient");
  return inner != nullptr && inner->is_object() ? inner->get_object() : json::object{};
}

void print_row(const json::object& row) {
  const json::object recipient = recipient_of(row);
  const std::string refusal = text_of(row, "refusal");
  std::cout << fmt::format("{:<26} {:<13} {:<13} {:<32} {}\n", text_of(row, "queueId"),
                           word_of(text_of(recipient, "state")), word_of(text_of(row, "trafficStream")),
                           text_of(recipient, "recipient"),
                           refusal.empty() ? text_of(recipient, "reason") : "not done: " + refusal);
}

void add_filter(const queue_filter_arguments& filter, json::object& request) {
  for (const auto& [key, value] : {std::pair{"state", &filter.state},
                                   {"tenant", &filter.tenant},
                                   {"recipientDomain", &filter.domain},
                                   {"destination", &filter.destination},
                                   {"reason", &filter.because}}) {
    if (!value->empty()) request[key] = *value;
  }
  if (filter.stream.empty()) return;
  std::string name = "TRAFFIC_STREAM_" + filter.stream;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  request["trafficStream"] = name;
}

// Pages until `limit` rows were printed; one JSON object a line, or a table.
int list_pages(const queue_list_arguments& arguments) {
  int left = arguments.limit;
  std::string token;
  if (arguments.admin.format == output::text) {
    std::cout << fmt::format("{:<26} {:<13} {:<13} {:<32} {}\n", "QUEUE ID", "STATE", "STREAM", "RECIPIENT", "REASON");
  }
  while (left > 0) {
    json::object request{{"pageSize", std::min(left, 1000)}, {"pageToken", token}};
    add_filter(arguments.filter, request);
    const auto body = call_admin(arguments.admin, "QueueService/ListMessages", json::serialize(request));
    if (!body) return 1;
    const json::object answer = json::parse(*body).as_object();
    const json::value* rows = answer.if_contains("recipients");
    token = text_of(answer, "nextPageToken");
    if (rows == nullptr || rows->get_array().empty()) {
      if (token.empty()) return 0;
      continue;  // much was looked at and nothing of it passed
    }
    for (const json::value& row : rows->get_array()) {
      if (arguments.admin.format == output::json) {
        std::cout << json::serialize(row) << "\n";
      } else {
        print_row(row.get_object());
      }
    }
    left -= static_cast<int>(rows->get_array().size());
    if (token.empty()) return 0;
  }
  return 0;
}

void print_message(const json::object& message) {
  for (const char* key : {"queueId", "client", "tenant", "ingress", "listener", "reversePath", "trafficStream",
                          "streamSource", "streamReason", "campaign", "acceptTime", "expireTime", "sizeBytes"}) {
    if (message.contains(key)) std::cout << fmt::format("{:<14} {}\n", key, word_of(text_of(message, key)));
  }
  const json::value* recipients = message.if_contains("recipients");
  if (recipients == nullptr) return;
  for (const json::value& one : recipients->get_array()) {
    const json::object& recipient = one.get_object();
    std::cout << fmt::format("\n{}  {}  {} {}\n", text_of(recipient, "recipient"), word_of(text_of(recipient, "state")),
                             text_of(recipient, "enhancedStatus"), text_of(recipient, "reason"));
    if (recipient.contains("nextAttemptTime"))
      std::cout << "  next attempt " << text_of(recipient, "nextAttemptTime") << "\n";
    const json::value* attempts = recipient.if_contains("attempts");
    if (attempts == nullptr) continue;
    for (const json::value& attempt : attempts->get_array()) {
      const json::object& row = attempt.get_object();
      std::cout << fmt::format("  {}  {:<12} {:<22} {}\n", text_of(row, "startTime"), text_of(row, "destination"),
                               text_of(row, "outcome"), text_of(row, "reply"));
      if (row.contains("passedOver")) std::cout << "    passed over " << text_of(row, "passedOver") << "\n";
    }
  }
}

}  // namespace

int queue_list(const queue_list_arguments& arguments) { return list_pages(arguments); }

int queue_show(const admin_arguments& admin, const std::string& queue_id) {
  const auto body = call_admin(admin, "QueueService/GetMessage", json::serialize(json::object{{"queueId", queue_id}}));
  if (!body) return 1;
  if (admin.format == output::json) {
    std::cout << *body << "\n";
  } else {
    print_message(json::parse(*body).as_object());
  }
  return 0;
}

int queue_change(const queue_change_arguments& arguments) {
  json::object request{{"reason", arguments.reason}};
  if (!arguments.destination.empty()) request["destination"] = arguments.destination;
  if (arguments.ids.empty()) {
    json::object filter;
    add_filter(arguments.filter, filter);
    request["filter"] = std::move(filter);
  } else {
    json::array list;
    for (const std::string& id : arguments.ids) list.emplace_back(id);
    request["queueIds"] = std::move(list);
  }
  const auto body =
      call_admin(arguments.admin, "QueueService/" + arguments.verb + "Messages", json::serialize(request));
  if (!body) return 1;
  const json::object answer = json::parse(*body).as_object();
  const bool as_json = arguments.admin.format == output::json;
  if (const json::value* rows = answer.if_contains("recipients")) {
    for (const json::value& row : rows->get_array()) {
      as_json ? void(std::cout << json::serialize(row) << "\n") : print_row(row.get_object());
    }
  }
  const std::string changed = text_of(answer, "changed");
  if (!as_json) std::cout << (changed.empty() ? "0" : changed) << " changed\n";
  return 0;
}

}  // namespace stellwerk::cli
