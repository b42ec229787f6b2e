// The MIME parts of a message where Send API v3.1 wants them: one text, one HTML part, attachments, inline attachments.
#pragma once

#include <optional>
#include <string>

#include <boost/json/array.hpp>

#include "mail/mime.hpp"

namespace stellwerk::adapters::esp::mailjet {

struct message_parts {
  std::optional<std::string> text;  // UTF-8
  std::optional<std::string> html;
  boost::json::array attachments;
  boost::json::array inlined;
  bool has_empty_attachment = false;  // the API refuses an empty Base64Content
};

[[nodiscard]] message_parts collect_parts(const mail::mime_tree& tree);

}  // namespace stellwerk::adapters::esp::mailjet
