// What a reader of the message sees: subject, text and attachments. For classification and for vendors that rebuild
// messages; never for delivery by SMTP, which carries the content as it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mail/header_section.hpp"
#include "mail/mime.hpp"

namespace stellwerk::mail {

struct message_text {
  std::string subject;  // decoded
  std::string plain;    // all text/plain parts in order
  std::string html;     // all text/html parts in order, tags and all
};

// At most `octets_max` octets of each text. Parts of attached messages and attachments are left out.
[[nodiscard]] message_text extract_text(std::string_view content, const header_section& header, std::size_t octets_max);
[[nodiscard]] message_text extract_text(std::string_view content, std::size_t octets_max);

struct attachment_info {
  std::string filename;
  std::string content_type;
  std::string content_id;
  std::size_t size = 0;       // decoded
  std::size_t part = 0;       // index into mime_tree::parts
  bool inline_image = false;  // shown by the HTML part: has a Content-ID and no disposition "attachment"
};
[[nodiscard]] std::vector<attachment_info> list_attachments(const mime_tree& tree);

// The decoded, unfolded value of the first such field; "" if absent.
[[nodiscard]] std::string decoded_field(const header_section& header, std::string_view name);

}  // namespace stellwerk::mail
