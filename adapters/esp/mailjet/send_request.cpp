#include "adapters/esp/mailjet/send_request.hpp"

#include <algorithm>
#include <set>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "adapters/esp/mailjet/mailjet_mapping.hpp"
#include "adapters/esp/mailjet/message_parts.hpp"
#include "adapters/esp/mailjet/named_recipients.hpp"
#include "base/text.hpp"
#include "mail/charset.hpp"
#include "mail/message_text.hpp"

namespace stellwerk::adapters::esp::mailjet {
namespace {

namespace json = boost::json;

inline constexpr std::size_t subject_characters_max = 255;
inline constexpr std::size_t campaign_octets_max = 255;
// TextPart may not be missing and may not be empty (send-0003); a message of attachments alone gets a line break.
inline constexpr std::string_view no_text = "\r\n";

json::object mailbox_of(const mail::mailbox& who) {
  json::object entry{{"Email", who.address.to_string()}};
  if (!who.display_name.empty()) entry["Name"] = who.display_name;
  return entry;
}

std::size_t characters_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(utf8, [](char c) { return (c & 0xc0) != 0x80; }));
}

class send_entry {
 public:
  send_entry(const attempt& what) : what_{what}, header_{mail::header_section::parse(*what.content)} {}

  [[nodiscard]] std::optional<cannot_carry> build() {
    if (!header_.ok()) return cannot_carry{"malformed header section", {}};
    if (what_.content->size() > api_capabilities().size_max) return cannot_carry{"larger than the API takes", "size"};
    for (const auto step : {&send_entry::add_people, &send_entry::add_recipients, &send_entry::add_subject,
                            &send_entry::add_parts, &send_entry::add_headers}) {
      if (auto refusal = (this->*step)()) return refusal;
    }
    add_marks();
    return std::nullopt;
  }
  [[nodiscard]] json::object take() { return std::move(entry_); }

 private:
  std::optional<cannot_carry> add_people() {
    const auto from = people_of("From");
    if (from.size() != 1) return cannot_carry{"not exactly one address in From", {}};
    entry_["From"] = mailbox_of(from.front());
    const auto reply_to = people_of("Reply-To");
    if (reply_to.size() > 1) return cannot_carry{"several addresses in Reply-To", {}};
    if (!reply_to.empty()) entry_["ReplyTo"] = mailbox_of(reply_to.front());
    return std::nullopt;
  }

  // The policy only offers the API where header and envelope name the same people; a slip here would mail strangers.
  std::optional<cannot_carry> add_recipients() {
    const named_recipients named = list_recipients(header_);
    std::set<std::string> in_header;
    for (std::size_t i = 0; i < named.lists.size(); ++i) {
      json::array list;
      for (const mail::mailbox& one : named.lists[i]) {
        list.push_back(mailbox_of(one));
        in_header.insert(one.address.to_string());
      }
      if (!list.empty()) entry_[named.names[i]] = std::move(list);
    }
    std::set<std::string> in_envelope;
    for (const mail::envelope_recipient& one : what_.recipients) in_envelope.insert(one.address);
    if (named.unreadable > 0 || in_header != in_envelope) return cannot_carry{"envelope_differs_from_headers", {}};
    if (!entry_.contains("To")) return cannot_carry{"no address in To", {}};
    if (named.count() > recipients_max) return cannot_carry{"more than 50 recipients", "recipients"};
    return std::nullopt;
  }

  std::optional<cannot_carry> add_subject() {
    const std::string subject = mail::decoded_field(header_, "Subject");
    if (characters_of(subject) > subject_characters_max) return cannot_carry{"a subject of over 255 characters", {}};
    if (!subject.empty()) entry_["Subject"] = mail::repaired_utf8(subject);
    return std::nullopt;
  }

  std::optional<cannot_carry> add_parts() {
    const mail::mime_tree tree = mail::scan_mime(*what_.content, header_);
    if (tree.fault != mail::mime_fault::none) return cannot_carry{"unreadable MIME structure", {}};
    message_parts parts = collect_parts(tree);
    if (parts.has_empty_attachment) return cannot_carry{"an empty attachment", {}};
    if (parts.html && parts.html->empty()) parts.html.reset();
    if (!parts.html && (!parts.text || parts.text->empty())) parts.text = no_text;
    if (parts.text && !parts.text->empty()) entry_["TextPart"] = *parts.text;
    if (parts.html) entry_["HTMLPart"] = *parts.html;
    if (!parts.attachments.empty()) entry_["Attachments"] = std::move(parts.attachments);
    if (!parts.inlined.empty()) entry_["InlinedAttachments"] = std::move(parts.inlined);
    return std::nullopt;
  }

  std::optional<cannot_carry> add_headers() {
    json::object headers;
    std::set<std::string> seen;
    for (const mail::header_field& field : header_.fields()) {
      const std::string name = ascii_lower(field.name);
      if (std::ranges::binary_search(refused_fields(), name)) continue;
      if (name.starts_with("x-mj-") || name.starts_with("x-mailjet-")) continue;  // a client does not steer the vendor
      if (!seen.insert(name).second) return cannot_carry{"repeated field " + name, {}};
      const std::string value = mail::repaired_utf8(mail::unfold(field.value));
      if (!value.empty()) headers[field.name] = value;
    }
    add_trace(headers);
    if (!headers.empty()) entry_["Headers"] = std::move(headers);
    return std::nullopt;
  }

  // The vendor drops our Received fields: a loop over it is seen by this one field instead.
  void add_trace(json::object& headers) const {
    const auto received = header_.first("Received");
    if (!received) return;
    const std::string top = mail::unfold(*received);
    const auto by = top.find("by ");
    if (by == std::string::npos) return;
    const std::string_view node = std::string_view{top}.substr(by + 3, top.find_first_of(" ;(", by + 3) - by - 3);
    std::string trace;
    for (const auto& earlier : header_.all("X-Loop")) trace += mail::repaired_utf8(mail::unfold(earlier)) + ", ";
    trace += node;
    headers["X-Loop"] = trace;
  }

  void add_marks() {
    entry_["CustomID"] = what_.attempt_id;
    entry_["EventPayload"] = event_payload(what_);
    if (!what_.campaign.empty()) entry_["CustomCampaign"] = cut_utf8(what_.campaign, campaign_octets_max);
    if (!entry_.contains("HTMLPart")) return;
    entry_["TrackOpens"] = "account_default";
    entry_["TrackClicks"] = "account_default";
  }

  [[nodiscard]] std::vector<mail::mailbox> people_of(std::string_view name) const {
    const auto value = header_.first(name);
    return value ? mail::parse_address_list(*value) : std::vector<mail::mailbox>{};
  }

  const attempt& what_;
  mail::header_section header_;
  json::object entry_;
};

}  // namespace

entry_result build_send_entry(const attempt& what) {
  send_entry entry{what};
  if (auto refusal = entry.build()) return std::move(*refusal);
  return vendor_entry{json::serialize(entry.take())};
}

std::string join_send_entries(std::span<const vendor_entry* const> entries, bool sandbox) {
  std::string body{R"({"Messages":[)"};
  for (const vendor_entry* one : entries) {
    if (one != entries.front()) body += ',';
    body += one->text;
  }
  body += R"(],"AdvanceErrorHandling":true)";
  if (sandbox) body += R"(,"SandboxMode":true)";
  return body += '}';
}

std::string event_payload(const attempt& what) {
  return json::serialize(json::object{{"queue_id", what.message.to_string()}});
}

std::string_view cut_utf8(std::string_view text, std::size_t octets_max) {
  if (text.size() <= octets_max) return text;
  while (octets_max > 0 && (text[octets_max] & 0xc0) == 0x80) --octets_max;
  return text.substr(0, octets_max);
}

}  // namespace stellwerk::adapters::esp::mailjet
