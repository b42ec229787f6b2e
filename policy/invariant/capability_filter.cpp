#include "policy/invariant/capability_filter.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/text.hpp"

namespace stellwerk::policy {
namespace {

using mail::attempt_outcome;

// What stands in every message, is rebuilt by every vendor from the message itself, or is a trace of the way here: a
// vendor that refuses these as plain header fields loses nothing of the message.
constexpr std::array<std::string_view, 24> carried_otherwise{"authentication-results",
                                                             "bcc",
                                                             "cc",
                                                             "content-disposition",
                                                             "content-id",
                                                             "content-transfer-encoding",
                                                             "content-type",
                                                             "date",
                                                             "dkim-signature",
                                                             "delivered-to",
                                                             "domainkey-signature",
                                                             "domainkey-status",
                                                             "from",
                                                             "mime-version",
                                                             "received",
                                                             "received-spf",
                                                             "reply-to",
                                                             "return-path",
                                                             "sender",
                                                             "subject",
                                                             "to",
                                                             "user-agent",
                                                             "x-loop",
                                                             "x-mailer"};

std::optional<std::string> beyond(std::string_view what, std::uint64_t asked, std::uint64_t allowed) {
  if (asked <= allowed) return std::nullopt;
  return fmt::format("{} {} > {}", what, asked, allowed);
}

bool needs_smtputf8(const facts& about) {
  return about.message->features->has_utf8_header || !is_ascii(about.recipient) ||
         !is_ascii(about.message->reverse_path);
}

// Outcomes before any content was judged, or a reply that was lost: they were the same for all recipients of that
// attempt.
bool same_for_all_recipients(attempt_outcome outcome) {
  switch (outcome) {
    case attempt_outcome::deferred_destination:
    case attempt_outcome::throttled:
    case attempt_outcome::refused_account:
    case attempt_outcome::refused_sender:
    case attempt_outcome::adapter_fault:
    case attempt_outcome::rejected_message:
    case attempt_outcome::unknown: return true;
    case attempt_outcome::delivered:
    case attempt_outcome::rejected_recipient:
    case attempt_outcome::refused_policy:
    case attempt_outcome::deferred_recipient:
    case attempt_outcome::deferred_mailbox_provider: return false;
  }
  return false;
}

// An API that sends by header mails exactly To, Cc and Bcc: right only if these are all the recipients of the message,
// and all of them are in this attempt.
bool header_names_the_recipients(const facts& about, const history& past) {
  const mail::message_features& features = *about.message->features;
  if (!about.sole_attempt_of_all_recipients || features.unreadable_addresses > 0) return false;
  std::set<std::string_view> named;
  for (const auto* list : {&features.to, &features.cc, &features.bcc}) named.insert(list->begin(), list->end());
  if (named.size() != about.message->recipients || !named.contains(about.recipient)) return false;
  if (about.message->recipients == 1) return true;
  return std::all_of(past.attempts.begin(), past.attempts.end(),
                     [](const past_attempt& one) { return same_for_all_recipients(one.outcome); });
}

// What breaks when the message is taken apart and put together again.
std::optional<std::string> broken_by_rebuilding(const mail::message_features& features) {
  if (features.is_smime) return "smime";
  if (features.is_pgp) return "pgp";
  if (features.has_dkim_signature) return "dkim_signature";
  if (features.has_calendar) return "calendar";
  if (features.fault != mail::mime_fault::none) return "mime_structure";
  if (!features.repeated_fields.empty()) return "repeated_field " + features.repeated_fields.front();
  return std::nullopt;
}

// The first reason why this way cannot carry the message.
std::optional<std::string> obstacle(const facts& about, const history& past, const mail::capabilities& way) {
  const message_facts& message = *about.message;
  if (auto size = beyond("size", message.size, way.size_max)) return size;
  if (auto bytes = beyond("attachments", message.features->attachments_bytes, way.attachments_max)) return bytes;
  if (!way.smtputf8 && needs_smtputf8(about)) return "smtputf8";
  if (!way.null_reverse_path && message.reverse_path.empty()) return "null_reverse_path";
  if (!way.raw_content) {
    if (auto broken = broken_by_rebuilding(*message.features)) return broken;
  }
  if (!way.envelope_free) {
    if (!header_names_the_recipients(about, past)) return "envelope_differs_from_headers";
    if (auto many = beyond("recipients", message.recipients, way.recipients_max)) return many;
  }
  return std::nullopt;
}

// A field of the message that the vendor would drop or rewrite.
std::optional<std::string> lost_field(const facts& about, const destination_traits& destination) {
  if (destination.capabilities.raw_content) return std::nullopt;
  for (const std::string& name : destination.refused_fields) {
    if (std::find(carried_otherwise.begin(), carried_otherwise.end(), name) != carried_otherwise.end()) continue;
    if (!about.message->header->contains(name)) continue;
    return name == "message-id" ? "own_message_id" : "field " + name;
  }
  return std::nullopt;
}

bool is_size(std::string_view detail) { return detail.starts_with("size "); }

}  // namespace

capability_verdict check_capabilities(const facts& about, const history& past, const destination_traits& destination) {
  capability_verdict verdict;
  auto main = obstacle(about, past, destination.capabilities);
  const auto relay = destination.relay_capabilities ? obstacle(about, past, *destination.relay_capabilities)
                                                    : std::optional<std::string>{"no relay"};
  if (!main) {
    auto lost = lost_field(about, destination);
    if (lost && !relay) verdict.way = way::relay;
    verdict.detail = std::move(lost).value_or("");
    return verdict;
  }
  verdict.detail = *main;
  if (!relay) {
    verdict.way = way::relay;
    return verdict;
  }
  verdict.allowed = false;
  verdict.size_only = is_size(*main) && (!destination.relay_capabilities || is_size(*relay));
  // The relay's own reason helps only where it is another one.
  if (destination.relay_capabilities && *relay != *main) verdict.detail += "; relay: " + *relay;
  return verdict;
}

bool differs_in(std::string_view refused_point, const destination_traits& refused_by, const destination_traits& other) {
  const mail::capabilities& a = refused_by.capabilities;
  const mail::capabilities& b = other.capabilities;
  // That `other` suffices for the message is the capability filter's business; here only: is it another answer at all?
  if (refused_point == "size") return a.size_max != b.size_max;
  if (refused_point == "attachments") return a.attachments_max != b.attachments_max;
  if (refused_point == "smtputf8") return a.smtputf8 != b.smtputf8 || a.raw_content != b.raw_content;
  if (refused_point == "8bitmime") return a.raw_content != b.raw_content;
  if (refused_point == "null_reverse_path") return a.null_reverse_path != b.null_reverse_path;
  if (refused_point == "recipients") return a.recipients_max != b.recipients_max;
  return false;
}

}  // namespace stellwerk::policy
