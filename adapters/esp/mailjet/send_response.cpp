#include "adapters/esp/mailjet/send_response.hpp"

#include <algorithm>
#include <cctype>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "adapters/esp/mailjet/error_codes.hpp"
#include "adapters/esp/mailjet/named_recipients.hpp"
#include "adapters/esp/mailjet/vendor_json.hpp"
#include "base/text.hpp"

namespace stellwerk::adapters::esp::mailjet {
namespace {

namespace json = boost::json;
using mail::attempt_outcome;
using mail::recipient_outcome;

std::vector<recipient_outcome> same_for_all(const attempt& what, const recipient_outcome& fate) {
  return std::vector<recipient_outcome>(what.recipients.size(), fate);
}

recipient_outcome fate_of(attempt_outcome outcome, int status, std::string_view reply) {
  recipient_outcome fate;
  fate.outcome = outcome;
  fate.stage = mail::attempt_stage::response;
  fate.code = status;
  fate.reply = kept_text(reply);
  return fate;
}

// --- accepted ---

std::string id_of(const json::object& entry, std::string_view recipient) {
  for (const std::string_view list : named_recipients::names) {
    const json::array* members = array_member(entry, list);
    if (members == nullptr) continue;
    for (const json::value& one : *members) {
      const json::object* who = one.if_object();
      if (who != nullptr && iequals(text_member(*who, "Email"), recipient)) return id_member(*who, "MessageID");
    }
  }
  return {};
}

std::vector<recipient_outcome> read_success(const attempt& what, const json::object& entry, int status) {
  std::vector<recipient_outcome> fates = same_for_all(what, fate_of(attempt_outcome::delivered, status, "success"));
  for (std::size_t i = 0; i < fates.size(); ++i) {
    fates[i].vendor_message_id = id_of(entry, what.recipients[i].address);
    if (!fates[i].vendor_message_id.empty()) fates[i].reply = "success, message " + fates[i].vendor_message_id;
  }
  return fates;
}

// --- refused ---

send_error read_error(const json::object& given, int status) {
  send_error error;
  error.code = text_member(given, "ErrorCode");
  error.status = int_member(given, "StatusCode");
  if (error.status == 0) error.status = status;
  error.message = text_member(given, "ErrorMessage");
  error.identifier = text_member(given, "ErrorIdentifier");
  if (const json::array* related = array_member(given, "ErrorRelatedTo")) {
    for (const json::value& one : *related) {
      if (const json::string* text = one.if_string()) error.related_to.emplace_back(*text);
    }
  }
  return error;
}

recipient_outcome fate_of(const send_error& error) {
  const error_meaning meaning = meaning_of(error);
  std::string reply = std::to_string(error.status);
  for (const std::string* part : {&error.code, &error.message}) {
    if (!part->empty()) reply.append(1, ' ').append(*part);
  }
  if (!error.identifier.empty()) reply.append(" [").append(error.identifier).append("]");
  recipient_outcome fate = fate_of(meaning.outcome, error.status, reply);
  fate.refused_point = meaning.refused_point;
  fate.enhanced_status = meaning.enhanced_status;
  return fate;
}

// "To[1].Email" -> the address that stood there; "" if it names no recipient. "ReplyTo" is not To.
std::string recipient_at(const named_recipients& named, std::string_view related) {
  for (std::size_t i = 0; i < named.names.size(); ++i) {
    const std::string opening = std::string{named.names[i]} + "[";
    const auto at = related.find(opening);
    if (at == std::string_view::npos) continue;
    if (at > 0 && std::isalnum(static_cast<unsigned char>(related[at - 1])) != 0) continue;
    const auto from = at + opening.size();
    const auto index = parse_decimal(related.substr(from, related.find(']', from) - from));
    if (index && *index < named.lists[i].size()) return named.lists[i][*index].address.to_string();
  }
  return {};
}

bool is_about(const send_error& error, std::string_view property) {
  return std::ranges::any_of(error.related_to,
                             [property](const std::string& one) { return one.starts_with(property); });
}

// One bad address fails its whole entry: it is refused, the others were not sent and wait.
std::vector<recipient_outcome> read_bad_addresses(const attempt& what, const std::vector<send_error>& errors) {
  if (what.recipients.size() == 1 && !is_about(errors.front(), "From") && !is_about(errors.front(), "Reply")) {
    return same_for_all(what, fate_of(errors.front()));
  }
  const auto named = list_recipients(mail::header_section::parse(*what.content));
  recipient_outcome unsent = fate_of(attempt_outcome::deferred_recipient, errors.front().status,
                                     "not sent: another address of the message was refused");
  std::vector<recipient_outcome> fates = same_for_all(what, unsent);
  bool found = false;
  for (const send_error& error : errors) {
    for (const std::string& related : error.related_to) {
      const std::string address = recipient_at(named, related);
      for (std::size_t i = 0; i < fates.size(); ++i) {
        if (what.recipients[i].address != address) continue;
        fates[i] = fate_of(error);
        found = true;
      }
    }
  }
  if (found) return fates;
  // The address of the author or of the replies, or none that can be told: nobody's mailbox is to blame.
  recipient_outcome fate = fate_of(errors.front());
  const bool about_message = is_about(errors.front(), "From") || is_about(errors.front(), "Reply");
  fate.outcome = about_message ? attempt_outcome::rejected_message : attempt_outcome::adapter_fault;
  fate.enhanced_status = about_message ? "5.6.0" : "";
  return same_for_all(what, fate);
}

// With several errors, the one that says most about why nothing was sent.
int weight_of(attempt_outcome outcome) {
  switch (outcome) {
    case attempt_outcome::unknown: return 7;
    case attempt_outcome::refused_account: return 6;
    case attempt_outcome::refused_sender: return 5;
    case attempt_outcome::throttled: return 4;
    case attempt_outcome::deferred_destination: return 3;
    case attempt_outcome::adapter_fault: return 2;
    case attempt_outcome::rejected_message: return 1;
    case attempt_outcome::delivered:
    case attempt_outcome::rejected_recipient:
    case attempt_outcome::refused_policy:
    case attempt_outcome::deferred_recipient:
    case attempt_outcome::deferred_mailbox_provider: break;
  }
  return 0;
}

std::vector<recipient_outcome> read_errors(const attempt& what, const std::vector<send_error>& errors) {
  const auto heaviest = std::ranges::max_element(
      errors, {}, [](const send_error& error) { return weight_of(meaning_of(error).outcome); });
  if (meaning_of(*heaviest).outcome != attempt_outcome::rejected_recipient)
    return same_for_all(what, fate_of(*heaviest));
  return read_bad_addresses(what, errors);
}

std::vector<recipient_outcome> read_entry(const attempt& what, const json::object& entry, const vendor_answer& answer) {
  const std::string status = text_member(entry, "Status");
  if (iequals(status, "success")) return read_success(what, entry, answer.status);
  std::vector<send_error> errors;
  if (const json::array* given = array_member(entry, "Errors")) {
    for (const json::value& one : *given) {
      if (const json::object* error = one.if_object()) errors.push_back(read_error(*error, answer.status));
    }
  }
  if (iequals(status, "error") && !errors.empty()) return read_errors(what, errors);
  return same_for_all(what,
                      fate_of(attempt_outcome::unknown, answer.status, "an entry that says neither success nor error"));
}

bool decides_by_status(int status) { return status == 408 || status == 429 || status >= 500; }

batch_reading all_the_same(std::span<const attempt* const> sent, const recipient_outcome& fate) {
  batch_reading reading;
  for (const attempt* one : sent) reading.fates.push_back(same_for_all(*one, fate));
  return reading;
}

// May one entry have brought this upon a whole request?
bool one_entry_may_be_to_blame(attempt_outcome outcome) {
  switch (outcome) {
    case attempt_outcome::rejected_recipient:
    case attempt_outcome::rejected_message:
    case attempt_outcome::refused_policy:
    case attempt_outcome::refused_sender:
    case attempt_outcome::adapter_fault: return true;
    case attempt_outcome::delivered:
    case attempt_outcome::refused_account:
    case attempt_outcome::deferred_recipient:
    case attempt_outcome::deferred_mailbox_provider:
    case attempt_outcome::deferred_destination:
    case attempt_outcome::throttled:
    case attempt_outcome::unknown: break;
  }
  return false;
}

batch_reading read_whole(std::span<const attempt* const> sent, const recipient_outcome& fate) {
  batch_reading reading = all_the_same(sent, fate);
  reading.send_apart = sent.size() > 1 && one_entry_may_be_to_blame(fate.outcome);
  return reading;
}

batch_reading read_entries(std::span<const attempt* const> sent, const json::array& entries,
                           const vendor_answer& answer) {
  if (entries.size() != sent.size())
    return all_the_same(sent,
                        fate_of(attempt_outcome::unknown, answer.status, "an answer for another number of entries"));
  batch_reading reading;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const json::object* entry = entries[i].if_object();
    reading.fates.push_back(entry != nullptr ? read_entry(*sent[i], *entry, answer)
                                             : same_for_all(*sent[i], fate_of(attempt_outcome::unknown, answer.status,
                                                                              "an entry that is no object")));
  }
  return reading;
}

}  // namespace

// The body goes first: with partial success the status is a 4xx although entries were sent.
batch_reading read_send_response(std::span<const attempt* const> sent, const vendor_answer& answer) {
  const auto body = answer.body_cut ? std::nullopt : parse_object(answer.body);
  if (!body) return read_whole(sent, classify_status(answer));
  if (const json::array* messages = array_member(*body, "Messages")) return read_entries(sent, *messages, answer);
  const send_error error = read_error(*body, answer.status);
  if (error.code.empty() || answer.status < 300 || decides_by_status(answer.status)) {
    return read_whole(sent, classify_status(answer));
  }
  if (sent.size() > 1) return read_whole(sent, fate_of(error));
  batch_reading reading;
  reading.fates.push_back(read_errors(*sent.front(), {error}));
  return reading;
}

}  // namespace stellwerk::adapters::esp::mailjet
