#include "adapters/esp/mailjet/mailjet_mapping.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "adapters/esp/mailjet/send_request.hpp"
#include "adapters/esp/mailjet/send_response.hpp"
#include "adapters/esp/mailjet/vendor_json.hpp"
#include "base/text.hpp"
#include "mail/encoded_word.hpp"

namespace stellwerk::adapters::esp::mailjet {
namespace {

namespace json = boost::json;

inline constexpr std::uint64_t size_max = 15'000'000;  // also of all attachments together
inline constexpr std::size_t entries_max = 50;
// The vendor names no bound for a whole request; one that is answered within a second or so is ours.
inline constexpr std::size_t batch_octets_max = 4'000'000;

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

vendor_request mailjet_mapping::authorised(std::string method, std::string target) const {
  vendor_request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.fields.push_back({"Authorization", "Basic " + base64_encode(account_.api_key + ":" + account_.secret_key)});
  request.fields.push_back({"Accept", "application/json"});
  return request;
}

batch_limits mailjet_mapping::limits() const { return {entries_max, recipients_max, batch_octets_max}; }

entry_result mailjet_mapping::build_entry(const attempt& what) const {
  entry_result built = build_send_entry(what);
  if (auto* entry = std::get_if<vendor_entry>(&built)) entry->sandbox = what.sandbox;
  return built;
}

vendor_request mailjet_mapping::join(std::span<const vendor_entry* const> entries) const {
  vendor_request request = authorised("POST", "/v3.1/send");
  request.fields.push_back({"Content-Type", "application/json"});
  request.body = join_send_entries(entries, account_.sandbox || entries.front()->sandbox);
  return request;
}

batch_reading mailjet_mapping::read_response(std::span<const attempt* const> sent, const vendor_answer& answer) const {
  return read_send_response(sent, answer);
}

std::optional<vendor_request> mailjet_mapping::build_lookup(std::string_view attempt_id) const {
  return authorised("GET", "/v3/REST/message?CustomID=" + percent_encoded(attempt_id) +
                               "&ShowCustomID=true&ShowContactAlt=true&Limit=100");
}

// All recipients of an attempt are in one entry and were accepted together: a hit is one for each of them, the id is
// taken where the contact is named.
lookup_report mailjet_mapping::read_lookup(std::string_view attempt_id, std::string_view recipient,
                                           const vendor_answer& answer) const {
  lookup_report report;
  report.answer = lookup_answer::failed;
  const auto body = answer.status == 200 && !answer.body_cut ? parse_object(answer.body) : std::nullopt;
  const json::array* found = body ? array_member(*body, "Data") : nullptr;
  if (found == nullptr) return report;
  report.answer = lookup_answer::absent;
  for (const json::value& one : *found) {
    const json::object* message = one.if_object();
    if (message == nullptr) continue;
    // A filter that was not understood would show other messages.
    const std::string custom_id = text_member(*message, "CustomID");
    if (custom_id != attempt_id) continue;
    report.answer = lookup_answer::accepted;
    const std::string contact = text_member(*message, "ContactAlt");
    if (iequals(contact, recipient) || (contact.empty() && found->size() == 1)) {
      report.vendor_message_id = id_member(*message, "ID");
    }
  }
  return report;
}

vendor_request mailjet_mapping::build_probe() const { return authorised("GET", "/v3/REST/message?Limit=1"); }

relay_marks mailjet_mapping::mark_for_relay(const attempt& what) const {
  relay_marks marks;
  marks.added.push_back({"X-MJ-CustomID", what.attempt_id});
  marks.added.push_back({"X-MJ-EventPayload", event_payload(what)});
  if (!what.campaign.empty()) {
    const std::string campaign{cut_utf8(what.campaign, 255)};
    marks.added.push_back(
        {"X-Mailjet-Campaign", mail::needs_encoded_words(campaign) ? mail::encode_words(campaign) : campaign});
  }
  marks.stripped_prefixes = {"x-mj-", "x-mailjet-"};
  return marks;
}

mail::capabilities api_capabilities() {
  mail::capabilities api;
  api.size_max = size_max;
  api.attachments_max = size_max;
  api.smtputf8 = false;  // the sheet does not say that addresses beyond ASCII are taken
  api.null_reverse_path = false;
  api.envelope_free = false;
  api.raw_content = false;
  api.recipients_max = 50;
  return api;
}

mail::capabilities relay_capabilities() {
  mail::capabilities relay;
  relay.size_max = size_max;
  relay.null_reverse_path = false;
  return relay;
}

const std::vector<std::string>& refused_fields() {
  // Section 2.4 of the vendor's sheet: first what the API refuses, then what has a property of its own.
  static const std::vector<std::string> fields = [] {
    std::vector<std::string> all{"from",
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
                                 "x-mailjet-prio",
                                 "x-mailjet-debug",
                                 "x-mailjet-campaign",
                                 "x-mailjet-segmentation",
                                 "x-mailjet-trackopen",
                                 "x-mailjet-trackclick",
                                 "x-mj-customid",
                                 "x-mj-eventpayload",
                                 "x-mj-vars",
                                 "x-mj-templateid",
                                 "x-mj-templatelanguage",
                                 "x-mj-templateerrordeliver",
                                 "x-mj-templateerrorreporting",
                                 "x-mj-workflowid",
                                 "x-mj-mid",
                                 "x-mj-errormessage",
                                 "x-mj-statisticscontactslistid",
                                 "reply-to",
                                 "mime-version",
                                 "content-type",
                                 "content-transfer-encoding",
                                 "content-disposition",
                                 "content-id",
                                 "x-loop"};
    std::ranges::sort(all);
    return all;
  }();
  return fields;
}

}  // namespace stellwerk::adapters::esp::mailjet
