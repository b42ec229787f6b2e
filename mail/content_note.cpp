#include "mail/content_note.hpp"

#include <set>

namespace stellwerk::mail {
namespace {

bool names_exactly(const message_features& features, const std::vector<std::string_view>& recipients) {
  if (features.unreadable_addresses > 0) return false;
  std::set<std::string_view> named;
  for (const auto* list : {&features.to, &features.cc, &features.bcc}) named.insert(list->begin(), list->end());
  if (named.size() != recipients.size()) return false;
  for (const std::string_view one : recipients) {
    if (!named.contains(one)) return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(content_bit bit) {
  switch (bit) {
    case content_bit::noted: return "noted";
    case content_bit::utf8_header: return "utf8_header";
    case content_bit::eight_bit: return "eight_bit";
    case content_bit::smime: return "smime";
    case content_bit::pgp: return "pgp";
    case content_bit::dkim_signature: return "dkim_signature";
    case content_bit::calendar: return "calendar";
    case content_bit::message_id: return "message_id";
    case content_bit::one_click: return "one_click";
    case content_bit::repeated_field: return "repeated_field";
    case content_bit::broken_structure: return "broken_structure";
    case content_bit::header_names_recipients: return "header_names_recipients";
  }
  return "noted";
}

content_note note_content(const analysed_message& message, const std::vector<std::string_view>& recipients) {
  const message_features& features = message.features;
  content_note note;
  const auto set = [&note](content_bit bit, bool holds) { note.bits |= holds ? static_cast<std::uint32_t>(bit) : 0U; };
  set(content_bit::noted, true);
  set(content_bit::utf8_header, features.has_utf8_header);
  set(content_bit::eight_bit, features.has_8bit);
  set(content_bit::smime, features.is_smime);
  set(content_bit::pgp, features.is_pgp);
  set(content_bit::dkim_signature, features.has_dkim_signature);
  set(content_bit::calendar, features.has_calendar);
  set(content_bit::message_id, features.has_message_id);
  set(content_bit::one_click, features.has_list_unsubscribe_one_click);
  set(content_bit::repeated_field, !features.repeated_fields.empty());
  set(content_bit::broken_structure, features.fault != mime_fault::none);
  set(content_bit::header_names_recipients, names_exactly(features, recipients));
  note.attachments_bytes = features.attachments_bytes;
  note.header_from_domain = message.header_from_domain;
  return note;
}

message_features features_of(const content_note& note, const std::vector<std::string>& recipients) {
  message_features out;
  out.has_utf8_header = has(note, content_bit::utf8_header);
  out.has_8bit = has(note, content_bit::eight_bit);
  out.is_smime = has(note, content_bit::smime);
  out.is_pgp = has(note, content_bit::pgp);
  out.has_dkim_signature = has(note, content_bit::dkim_signature);
  out.has_calendar = has(note, content_bit::calendar);
  out.has_message_id = has(note, content_bit::message_id);
  out.has_list_unsubscribe_one_click = has(note, content_bit::one_click);
  if (has(note, content_bit::repeated_field)) out.repeated_fields.emplace_back("recorded");
  if (has(note, content_bit::broken_structure)) out.fault = mime_fault::too_deep;
  if (has(note, content_bit::header_names_recipients)) out.to = recipients;
  out.attachments_bytes = static_cast<std::size_t>(note.attachments_bytes);
  return out;
}

}  // namespace stellwerk::mail
