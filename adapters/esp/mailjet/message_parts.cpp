#include "adapters/esp/mailjet/message_parts.hpp"

#include <utility>

#include <boost/json/object.hpp>

#include "base/text.hpp"

namespace stellwerk::adapters::esp::mailjet {
namespace {

bool is_readable_text(const mail::mime_part& part, std::string_view type) {
  return part.is_type(type) && !part.is_attachment();
}

// The API demands a file name; a part without one gets a number and what its type suggests.
std::string filename_of(const mail::mime_part& part, std::size_t number) {
  if (!part.filename.empty()) return part.filename;
  std::string_view extension = "bin";
  if (part.content_type.type() == "text") extension = part.is_type("text/html") ? "html" : "txt";
  if (part.content_type.type() == "image") extension = part.content_type.subtype();
  if (part.is_type("text/calendar")) extension = "ics";
  if (part.is_type("application/pdf")) extension = "pdf";
  if (part.content_type.type() == "message") extension = "eml";
  return "part-" + std::to_string(number) + "." + std::string{extension};
}

// A further text to be read becomes a file in UTF-8, which is what the vendor declares; files keep their octets.
std::string octets_of(const mail::mime_part& part) {
  if (part.content_type.type() == "message") return std::string{part.body};
  if (part.content_type.type() == "text" && part.filename.empty()) return mail::decoded_text(part);
  return mail::decoded_body(part);
}

void add_attachment(message_parts& parts, const mail::mime_part& part) {
  const std::string octets = octets_of(part);
  parts.has_empty_attachment |= octets.empty();
  const std::size_t number = parts.attachments.size() + parts.inlined.size() + 1;
  boost::json::object attachment{{"ContentType", part.content_type.value},
                                 {"Filename", filename_of(part, number)},
                                 {"Base64Content", base64_encode(octets)}};
  if (!part.content_id.empty() && part.disposition.value != "attachment") {
    attachment["ContentID"] = part.content_id;
    parts.inlined.push_back(std::move(attachment));
  } else {
    parts.attachments.push_back(std::move(attachment));
  }
}

}  // namespace

message_parts collect_parts(const mail::mime_tree& tree) {
  message_parts parts;
  for (const mail::mime_part& part : tree.parts) {
    // A message inside is one attachment, whatever it holds.
    if (part.in_message || (part.container && part.content_type.type() != "message")) continue;
    if (!parts.text && is_readable_text(part, "text/plain")) {
      parts.text = mail::decoded_text(part);
    } else if (!parts.html && is_readable_text(part, "text/html")) {
      parts.html = mail::decoded_text(part);
    } else {
      add_attachment(parts, part);
    }
  }
  return parts;
}

}  // namespace stellwerk::adapters::esp::mailjet
