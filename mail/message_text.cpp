#include "mail/message_text.hpp"

#include "mail/charset.hpp"
#include "mail/encoded_word.hpp"

namespace stellwerk::mail {
namespace {

void append_text(std::string& out, const mime_part& part, std::size_t octets_max) {
  if (out.size() >= octets_max) return;
  if (!out.empty()) out += '\n';
  out += decoded_text(part, octets_max - std::min(out.size(), octets_max));
  if (out.size() <= octets_max) return;
  // Never in the middle of a character.
  std::size_t cut = octets_max;
  while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xc0) == 0x80) --cut;
  out.resize(cut);
}

}  // namespace

std::string decoded_field(const header_section& header, std::string_view name) {
  const auto raw = header.first(name);
  return raw ? repaired_utf8(decode_encoded_words(unfold(*raw))) : std::string{};
}

message_text extract_text(std::string_view content, const header_section& header, std::size_t octets_max) {
  message_text text;
  text.subject = decoded_field(header, "Subject");
  for (const mime_part& part : scan_mime(content, header).parts) {
    if (part.container || part.in_message || part.disposition.value == "attachment") continue;
    if (part.is_type("text/plain")) append_text(text.plain, part, octets_max);
    if (part.is_type("text/html")) append_text(text.html, part, octets_max);
  }
  return text;
}

message_text extract_text(std::string_view content, std::size_t octets_max) {
  return extract_text(content, header_section::parse(content), octets_max);
}

std::vector<attachment_info> list_attachments(const mime_tree& tree) {
  std::vector<attachment_info> list;
  for (std::size_t i = 0; i < tree.parts.size(); ++i) {
    const mime_part& part = tree.parts[i];
    if (part.in_message || !part.is_attachment()) continue;
    attachment_info info;
    info.filename = part.filename;
    info.content_type = part.content_type.value;
    info.content_id = part.content_id;
    info.size = decoded_size(part.body, part.encoding);
    info.part = i;
    info.inline_image = !part.content_id.empty() && part.disposition.value != "attachment";
    list.push_back(std::move(info));
  }
  return list;
}

}  // namespace stellwerk::mail
