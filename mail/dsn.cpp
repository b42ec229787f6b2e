#include "mail/dsn.hpp"

#include <algorithm>
#include <span>

#include "base/text.hpp"
#include "mail/charset.hpp"
#include "mail/content_framing.hpp"
#include "mail/enhanced_status.hpp"
#include "mail/foreign_text.hpp"
#include "mail/header_section.hpp"
#include "mail/header_writer.hpp"
#include "mail/message_text.hpp"
#include "mail/mime_writer.hpp"
#include "mail/transfer_encoding.hpp"

namespace stellwerk::mail {
namespace {

constexpr std::size_t diagnostic_octets_max = 800;
constexpr std::size_t subject_octets_max = 200;

struct wording {
  std::string_view action;
  char status_class;
  std::string_view subject;
  std::string_view english;
  std::string_view german;
};

wording words_for(report_kind kind) {
  switch (kind) {
    case report_kind::delayed:
      return {"delayed", '4', "Delivery delayed, still trying",
              "Your message could not be delivered yet to the recipients below.\n"
              "You need not send it again: delivery will be tried further.",
              "Ihre Nachricht konnte den unten genannten Empfängern noch nicht zugestellt werden.\n"
              "Sie müssen sie nicht noch einmal senden: Die Zustellung wird weiter versucht."};
    case report_kind::relayed:
      return {"relayed", '2', "Message handed on",
              "Your message was handed on to the next mail system for the recipients below.\n"
              "That system may not report on the final delivery.",
              "Ihre Nachricht wurde für die unten genannten Empfänger an das nächste Mailsystem übergeben.\n"
              "Dieses System meldet die endgültige Zustellung möglicherweise nicht."};
    case report_kind::failed: break;
  }
  return {"failed", '5', "Undelivered: message could not be delivered",
          "Your message could not be delivered to the recipients below.\n"
          "No further attempt will be made for them.",
          "Ihre Nachricht konnte den unten genannten Empfängern nicht zugestellt werden.\n"
          "Für sie wird kein weiterer Versuch unternommen."};
}

// An unfinished or foreign value never breaks a field: no line breaks, only what ASCII shows.
std::string safe(std::string_view text, std::size_t octets_max = diagnostic_octets_max) {
  return printable_text(text, octets_max);
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

// ENVID and ORCPT come as xtext and are reported as what it stands for (RFC 3461 section 4, RFC 3464 section 2.2.1).
std::string decoded_xtext(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped =
        text[i] == '+' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    out += escaped ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
    if (escaped) i += 2;
  }
  return out;
}

std::string status_of(const reported_recipient& recipient, char status_class) {
  const auto status = enhanced_status::parse(recipient.status);
  if (status && recipient.status.front() == status_class) return status->to_string();
  return std::string{status_class} + ".0.0";
}

char32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  switch (character.size()) {
    case 2: return static_cast<char32_t>((byte(0) & 0x1f) << 6 | (byte(1) & 0x3f));
    case 3: return static_cast<char32_t>((byte(0) & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f));
    case 4:
      return static_cast<char32_t>((byte(0) & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 |
                                   (byte(3) & 0x3f));
    default: return byte(0);
  }
}

// "rfc822; a@b", or the ASCII form of a UTF-8 address (RFC 6533 section 3).
std::string typed_address(std::string_view address) {
  if (is_ascii(address)) return "rfc822; " + safe(address);
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out = "utf-8; ";
  const std::string text = repaired_utf8(address);
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view character = rest.substr(0, utf8_character_length(rest));
    rest.remove_prefix(character.size());
    if (character.size() == 1) {
      out += safe(character);
      continue;
    }
    std::string hex;
    for (char32_t code = code_point(character); code != 0; code >>= 4) hex.insert(hex.begin(), digits[code & 15U]);
    out += "\\x{" + hex + '}';
  }
  return out;
}

bool returns_whole(const delivery_report& report) {
  return report.return_full && report.original.size() <= report.return_octets_max;
}

bool is_seven_bit(std::string_view returned) {
  return is_ascii(returned) && check_framing(returned) == framing_fault::none;
}

void append_header(std::string& out, const delivery_report& report, const wording& words) {
  append_folded_field(out, "Date", to_rfc5322(report.date));
  append_folded_field(out, "From", "Mail Delivery System <" + report.from_address + '>');
  append_folded_field(out, "To", '<' + report.to_address + '>');
  append_text_field(out, "Subject", words.subject);
  append_folded_field(out, "Message-ID", report.message_id);
  const auto original = header_section::parse(report.original);
  const std::string original_id = unfold(original.first("Message-ID").value_or(""));
  const bool usable = original_id.starts_with('<') && original_id.ends_with('>') && is_printable_ascii(original_id) &&
                      original_id.find(' ') == std::string::npos && original_id.size() < line_octets_max - 20;
  if (usable) {
    append_folded_field(out, "In-Reply-To", original_id);
    append_folded_field(out, "References", original_id);
  }
  out += "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n";
  // What holds an 8-bit part says so itself (RFC 2045 section 6.4). A message that is returned cannot be encoded.
  if (returns_whole(report) && !is_seven_bit(report.original)) out += "Content-Transfer-Encoding: 8bit\r\n";
}

// A decoded subject shown to a person: control and direction marks are the reader's program's business, line breaks
// ours.
std::string shown_subject(const delivery_report& report) {
  std::string subject = decoded_field(header_section::parse(report.original), "Subject");
  std::replace_if(
      subject.begin(), subject.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  if (subject.size() > subject_octets_max) subject.resize(subject_octets_max);
  return repaired_utf8(subject);
}

void append_for_people(std::string& out, const delivery_report& report, const wording& words) {
  std::string list;
  const std::size_t named = std::min(report.recipients.size(), named_recipients_max);
  for (const reported_recipient& recipient : std::span{report.recipients}.first(named)) {
    list += "  <" + repaired_utf8(recipient.address) + ">\n";
    if (!recipient.explanation.empty()) list += "    " + repaired_utf8(recipient.explanation) + '\n';
    if (!recipient.diagnostic.empty()) {
      list +=
          "    " + (recipient.remote_mta.empty() ? std::string{"Answer: "} : safe(recipient.remote_mta, 255) + ": ");
      list += safe(recipient.diagnostic) + '\n';
    }
    if (recipient.will_retry_until) list += "    until / bis: " + to_rfc5322(*recipient.will_retry_until) + '\n';
  }
  const std::string subject = shown_subject(report);
  const auto about = [&](std::string_view label) {
    return subject.empty() ? std::string{} : '\n' + std::string{label} + subject;
  };
  const std::string more = std::to_string(report.recipients.size() - named);
  const bool has_more = report.recipients.size() > named;
  std::string text;
  text.append(words.english).append("\n\n").append(list);
  if (has_more) text += "  and " + more + " more: the delivery status of this report has all of them\n";
  text += about("Subject: ") + "\nReference: " + report.queue_id + " at " + report.node + '\n';
  text.append("\n----------------------------------------------------------------------\n\n");
  text.append(words.german).append("\n\n").append(list);
  if (has_more) text += "  und " + more + " weitere: Der Zustellstatus dieses Berichts nennt alle\n";
  text += about("Betreff: ") + "\nKennung: " + report.queue_id + " bei " + report.node + '\n';
  append_text_entity(out, "text/plain", text);
}

void append_recipient(std::string& out, const reported_recipient& recipient, const wording& words) {
  out += "\r\n";
  if (!recipient.original_recipient.empty()) {
    append_folded_field(out, "Original-Recipient", safe(decoded_xtext(recipient.original_recipient)));
  }
  append_folded_field(out, "Final-Recipient", typed_address(recipient.address));
  append_folded_field(out, "Action", words.action);
  append_folded_field(out, "Status", status_of(recipient, words.status_class));
  if (!recipient.remote_mta.empty()) append_folded_field(out, "Remote-MTA", "dns; " + safe(recipient.remote_mta, 255));
  if (!recipient.diagnostic.empty()) {
    append_folded_field(out, "Diagnostic-Code",
                        safe(recipient.diagnostic_type, 20) + "; " + safe(recipient.diagnostic));
  }
  if (recipient.last_attempt) append_folded_field(out, "Last-Attempt-Date", to_rfc5322(*recipient.last_attempt));
  if (recipient.will_retry_until) append_folded_field(out, "Will-Retry-Until", to_rfc5322(*recipient.will_retry_until));
}

void append_for_programs(std::string& out, const delivery_report& report, const wording& words) {
  out += "Content-Type: message/delivery-status\r\n\r\n";
  if (!report.envelope_id.empty())
    append_folded_field(out, "Original-Envelope-Id", safe(decoded_xtext(report.envelope_id), 100));
  append_folded_field(out, "Reporting-MTA", "dns; " + safe(report.node, 255));
  if (report.arrival) append_folded_field(out, "Arrival-Date", to_rfc5322(*report.arrival));
  for (const reported_recipient& recipient : report.recipients) append_recipient(out, recipient, words);
}

void append_original(std::string& out, const delivery_report& report) {
  const bool full = returns_whole(report);
  const auto header = header_section::parse(report.original);
  const std::string_view returned =
      full ? report.original : report.original.substr(0, std::min(header.end(), report.return_octets_max));
  out.append("Content-Type: ").append(full ? "message/rfc822" : "text/rfc822-headers").append("\r\n");
  if (is_seven_bit(returned)) {
    out.append("Content-Transfer-Encoding: 7bit\r\n\r\n").append(returned);
  } else if (full) {
    out.append("Content-Transfer-Encoding: 8bit\r\n\r\n").append(returned);
  } else {
    out.append("Content-Transfer-Encoding: quoted-printable\r\n\r\n").append(encode_quoted_printable(returned));
  }
}

}  // namespace

std::string build_delivery_report(const delivery_report& report, random_source& random) {
  const wording words = words_for(report.kind);
  std::string out;
  append_header(out, report, words);
  const std::string boundary = open_multipart(out, "multipart/report", random, "delivery-status");
  next_part(out, boundary);
  append_for_people(out, report, words);
  next_part(out, boundary);
  append_for_programs(out, report, words);
  if (!report.original.empty()) {
    next_part(out, boundary);
    append_original(out, report);
  }
  close_multipart(out, boundary);
  return out;
}

}  // namespace stellwerk::mail
