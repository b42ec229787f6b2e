#include "gateway/simulate/mailjet_dialect.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <set>

#include <boost/json.hpp>

#include "base/text.hpp"
#include "mail/address.hpp"

namespace stellwerk::simulate {
namespace {

namespace json = boost::json;

constexpr std::size_t messages_max = 50;
constexpr std::size_t recipients_max = 50;
constexpr std::size_t subject_max = 255;

constexpr std::array forbidden_headers{"from",
                                       "sender",
                                       "subject",
                                       "to",
                                       "cc",
                                       "bcc",
                                       "return-path",
                                       "delivered-to",
                                       "dkim-signature",
                                       "domainkey-status",
                                       "received-spf",
                                       "authentication-results",
                                       "received",
                                       "user-agent",
                                       "x-mailer",
                                       "date",
                                       "message-id",
                                       "list-id",
                                       "x-feedback-id",
                                       "x-csa-complaints",
                                       "reply-to"};
// Whoever begins like this steers the vendor.
constexpr std::array forbidden_prefixes{"x-mj-", "x-mailjet-"};

bool is_forbidden(std::string_view lower_name) {
  return std::find(forbidden_headers.begin(), forbidden_headers.end(), lower_name) != forbidden_headers.end() ||
         std::any_of(forbidden_prefixes.begin(), forbidden_prefixes.end(),
                     [&](std::string_view prefix) { return lower_name.starts_with(prefix); });
}

struct entry_fault {
  std::string code;
  int status;
  std::string message;
  std::string related_to;
};

std::string uuid_of(std::uint64_t id) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%08x-024a-472d-8918-%012llx", static_cast<unsigned>(id >> 32),
                static_cast<unsigned long long>(id & 0xffffffffffffULL));
  return text.data();
}

net::http_response json_response(int status, const json::value& body) {
  net::http_response response;
  response.status = status;
  response.fields.push_back({"Content-Type", "application/json; charset=utf-8"});
  response.body = json::serialize(body);
  return response;
}

net::http_response global_error(int status, std::string_view code, std::string_view message) {
  json::object body{{"ErrorIdentifier", uuid_of(7)}, {"StatusCode", status}, {"ErrorMessage", message}};
  if (!code.empty()) body["ErrorCode"] = code;
  return json_response(status, body);
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::optional<entry_fault> check_addresses(const json::object& entry, std::string_view key, record& what) {
  const json::value* list = entry.if_contains(key);
  if (list == nullptr) return std::nullopt;
  const std::string name{key};
  if (!list->is_array()) return entry_fault{"mj-0004", 400, "Type mismatch. Expected type \"array of emails\".", name};
  for (std::size_t i = 0; i < list->get_array().size(); ++i) {
    const json::value& one = list->get_array()[i];
    const std::string related = name + "[" + std::to_string(i) + "].Email";
    if (!one.is_object()) return entry_fault{"mj-0004", 400, "Type mismatch.", related};
    const std::string address = text_of(one.get_object(), "Email");
    if (!mail::parse_address(address)) {
      return entry_fault{"mj-0013", 400, "\"" + address + "\" is an invalid email address.", related};
    }
    what.recipients.push_back(address);
  }
  return std::nullopt;
}

std::optional<entry_fault> check_attachments(const json::object& entry) {
  for (const char* list : {"Attachments", "InlinedAttachments"}) {
    const json::value* all = entry.if_contains(list);
    if (all == nullptr) continue;
    if (!all->is_array()) return entry_fault{"mj-0004", 400, "Type mismatch. Expected type \"array\".", list};
    for (std::size_t i = 0; i < all->get_array().size(); ++i) {
      const json::value& one = all->get_array()[i];
      for (const char* key : {"ContentType", "Filename", "Base64Content"}) {
        const std::string related = std::string{list} + "[" + std::to_string(i) + "]." + key;
        if (!one.is_object() || !one.get_object().contains(key))
          return entry_fault{"mj-0003", 400, "mandatory", related};
        if (text_of(one.get_object(), key).empty()) return entry_fault{"mj-0012", 400, "may not be empty", related};
      }
    }
  }
  return std::nullopt;
}

std::optional<entry_fault> check_entry(const json::object& entry, record& what) {
  static const std::set<std::string_view> known{"From",
                                                "Sender",
                                                "To",
                                                "Cc",
                                                "Bcc",
                                                "ReplyTo",
                                                "Subject",
                                                "TextPart",
                                                "HTMLPart",
                                                "TemplateID",
                                                "TemplateLanguage",
                                                "TemplateErrorReporting",
                                                "TemplateErrorDeliver",
                                                "Variables",
                                                "Attachments",
                                                "InlinedAttachments",
                                                "Headers",
                                                "CustomID",
                                                "EventPayload",
                                                "CustomCampaign",
                                                "DeduplicateCampaign",
                                                "TrackOpens",
                                                "TrackClicks",
                                                "Priority",
                                                "MonitoringCategory",
                                                "URLTags"};
  for (const auto& [key, value] : entry) {
    if (!known.contains(std::string_view{key.data(), key.size()})) {
      return entry_fault{"mj-0002", 400, "Malformed JSON, please review the syntax and properties types.",
                         std::string{key}};
    }
  }
  const json::value* from = entry.if_contains("From");
  if (from == nullptr || !from->is_object()) return entry_fault{"mj-0003", 400, "\"From\" is mandatory.", "From"};
  what.reverse_path = text_of(from->get_object(), "Email");
  if (!mail::parse_address(what.reverse_path))
    return entry_fault{"mj-0013", 400, "invalid sender address", "From.Email"};
  const json::value* to = entry.if_contains("To");
  if (to == nullptr || !to->is_array() || to->get_array().empty())
    return entry_fault{"mj-0003", 400, "\"To\" is mandatory.", "To"};
  for (const char* key : {"To", "Cc", "Bcc"}) {
    if (auto fault = check_addresses(entry, key, what)) return fault;
  }
  if (text_of(entry, "Subject").size() > subject_max) return entry_fault{"mj-0006", 400, "too long", "Subject"};
  if (text_of(entry, "TextPart").empty() && text_of(entry, "HTMLPart").empty() && !entry.contains("TemplateID")) {
    return entry_fault{"send-0003", 400, "At least one of \"HTMLPart\", \"TextPart\" or \"TemplateID\" is mandatory.",
                       ""};
  }
  if (const json::value* headers = entry.if_contains("Headers")) {
    if (!headers->is_object()) return entry_fault{"mj-0004", 400, "Type mismatch.", "Headers"};
    for (const auto& [name, value] : headers->get_object()) {
      const std::string lower = ascii_lower(std::string_view{name.data(), name.size()});
      if (is_forbidden(lower))
        return entry_fault{"send-0011", 400, "Header cannot be customized using the \"Headers\" collection.",
                           "Headers"};
    }
  }
  if (entry.contains("DeduplicateCampaign") && text_of(entry, "CustomCampaign").empty()) {
    return entry_fault{"send-0012", 400, "\"DeduplicateCampaign\" needs \"CustomCampaign\".", "DeduplicateCampaign"};
  }
  if (auto fault = check_attachments(entry)) return fault;
  for (const char* key : {"TrackOpens", "TrackClicks"}) {
    const std::string choice = text_of(entry, key);
    if (!choice.empty() && choice != "account_default" && choice != "disabled" && choice != "enabled") {
      return entry_fault{"mj-0005", 400, "value not allowed", key};
    }
  }
  return std::nullopt;
}

// The entry's own value wins over the one in Globals.
json::object merged(const json::object& globals, const json::object& entry) {
  json::object all = globals;
  for (const auto& [key, value] : entry) all[key] = value;
  return all;
}

}  // namespace

dialect_answer mailjet_dialect::answer(const net::http_request& request, std::string_view path) {
  if (!request.field("Authorization").starts_with("Basic ")) {
    return {global_error(401, "mj-0015", "API key authentication/authorization failure."), {}};
  }
  if (path == "/v3.1/send") {
    if (request.method != "POST") return {global_error(405, "", "Method not allowed"), {}};
    return send(request);
  }
  if (path.starts_with("/v3/REST/message")) return look_up(request.target);
  if (path.starts_with("/v3/REST/"))
    return {json_response(200, json::object{{"Count", 0}, {"Data", json::array{}}, {"Total", 0}}), {}};
  return {global_error(404, "", "Object not found"), {}};
}

dialect_answer mailjet_dialect::send(const net::http_request& request) {
  boost::system::error_code failure;
  const json::value parsed = json::parse(request.body, failure);
  if (failure || !parsed.is_object())
    return {global_error(400, "mj-0002", "Malformed JSON, please review the syntax and properties types."), {}};
  const json::object& root = parsed.get_object();
  const json::value* messages = root.if_contains("Messages");
  if (messages == nullptr || !messages->is_array())
    return {global_error(400, "mj-0003", "\"Messages\" is mandatory."), {}};
  if (messages->get_array().empty()) return {global_error(400, "mj-0007", "\"Messages\" is empty."), {}};
  if (messages->get_array().size() > messages_max) return {global_error(400, "mj-0008", "too many messages"), {}};
  const json::value* globals = root.if_contains("Globals");
  const bool sandbox =
      root.contains("SandboxMode") && root.at("SandboxMode").is_bool() && root.at("SandboxMode").get_bool();
  dialect_answer out;
  json::array results;
  bool failed = false;
  std::size_t recipients = 0;
  for (const json::value& one : messages->get_array()) {
    record what;
    what.door = "mailjet";
    what.content = request.body;
    json::object entry = one.is_object() ? one.get_object() : json::object{};
    if (globals != nullptr && globals->is_object()) entry = merged(globals->get_object(), entry);
    json::object result = send_entry(entry, sandbox, what);
    recipients += what.recipients.size();
    failed |= what.verdict != "accepted";
    results.push_back(std::move(result));
    out.records.push_back(std::move(what));
  }
  if (recipients > recipients_max) {
    forget(out.records);
    return {global_error(400, "send-0015", "Total number of recipients exceeded. Max allowed - 50"), {}};
  }
  out.response = json_response(failed ? 400 : 200, json::object{{"Messages", std::move(results)}});
  return out;
}

json::object mailjet_dialect::send_entry(const json::object& entry, bool sandbox, record& what) {
  what.attempt = text_of(entry, "CustomID");
  for (const char* key : {"Subject", "CustomID", "CustomCampaign", "EventPayload", "TextPart"}) {
    if (const std::string value = text_of(entry, key); !value.empty()) what.headers.emplace_back(key, value);
  }
  if (const json::value* headers = entry.if_contains("Headers"); headers != nullptr && headers->is_object()) {
    for (const auto& [name, value] : headers->get_object()) {
      if (value.is_string()) what.headers.emplace_back(std::string{name}, std::string{value.get_string()});
    }
  }
  if (const auto fault = check_entry(entry, what)) {
    what.verdict = "refused";
    what.fault = fault->code;
    json::array errors{json::object{{"ErrorIdentifier", uuid_of(next_id_)},
                                    {"ErrorCode", fault->code},
                                    {"StatusCode", fault->status},
                                    {"ErrorMessage", fault->message},
                                    {"ErrorRelatedTo", json::array{json::string{fault->related_to}}}}};
    return {{"Status", "error"}, {"Errors", std::move(errors)}};
  }
  json::object result{{"Status", "success"}, {"CustomID", what.attempt}};
  for (const char* key : {"To", "Cc", "Bcc"}) {
    json::array ids;
    if (const json::value* list = entry.if_contains(key)) {
      for (const json::value& one : list->get_array()) {
        const std::string address = text_of(one.get_object(), "Email");
        const std::uint64_t id = sandbox ? 0 : next_id_++;
        if (!sandbox) by_custom_id_.emplace(what.attempt, std::pair{id, address});
        ids.push_back(
            json::object{{"Email", address},
                         {"MessageUUID", sandbox ? std::string{} : uuid_of(id)},
                         {"MessageID", id},
                         {"MessageHref",
                          sandbox ? std::string{} : "https://api.mailjet.com/v3/REST/message/" + std::to_string(id)}});
      }
    }
    result[key] = std::move(ids);
  }
  return result;
}

dialect_answer mailjet_dialect::look_up(std::string_view target) const {
  std::string custom_id;
  const auto query = target.find('?');
  for (const std::string_view pair :
       split(query == std::string_view::npos ? std::string_view{} : target.substr(query + 1), '&')) {
    if (pair.starts_with("CustomID=")) custom_id = std::string{pair.substr(9)};
  }
  json::array data;
  for (auto [at, end] = by_custom_id_.equal_range(custom_id); at != end; ++at) {
    data.push_back(json::object{{"ID", at->second.first},
                                {"UUID", uuid_of(at->second.first)},
                                {"CustomID", custom_id},
                                {"ContactAlt", at->second.second},
                                {"Status", "queued"}});
  }
  const auto count = data.size();
  return {json_response(200, json::object{{"Count", count}, {"Data", std::move(data)}, {"Total", count}}), {}};
}

void mailjet_dialect::forget(const std::vector<record>& records) {
  for (const record& one : records) by_custom_id_.erase(one.attempt);
}

}  // namespace stellwerk::simulate
