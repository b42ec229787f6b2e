// email: the structured message of a service (gRPC `Email`) before it is content. Plain strings as they came in.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stellwerk::mail {

struct email_mailbox {
  std::string display_name;
  std::string address;  // local@domain
};

struct email_attachment {
  std::string filename;
  std::string content_type;  // "type/subtype; parameters"; empty: application/octet-stream
  std::string content;       // raw octets
  std::string content_id;    // with or without angle brackets; shown by the HTML text through "cid:"
};

struct email {
  email_mailbox from;
  std::vector<email_mailbox> to, cc, bcc, reply_to;
  std::string subject;
  std::string text;
  std::string html;
  std::vector<email_attachment> attachments;
  std::vector<std::pair<std::string, std::string>> headers;  // name, value in UTF-8
};

// The Content-ID without its angle brackets.
[[nodiscard]] std::string_view bare_content_id(const email_attachment& attachment);

// One thing wrong with one field; the path is that of the proto.
struct field_fault {
  std::string field_path;   // "email.headers[0].name"
  std::string description;  // a sentence of ours, without foreign text
  friend bool operator==(const field_fault&, const field_fault&) = default;
};

// Every fault at once: line breaks and NUL where they could start a header, text that is not UTF-8, addresses, names
// and types that do not parse, header names that belong to us (catalogue P-100, P-101).
[[nodiscard]] std::vector<field_fault> validate(const email& message);

}  // namespace stellwerk::mail
