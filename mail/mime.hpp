// The part tree of a MIME message (RFC 2045, RFC 2046) as views into the content.
//
// For hostile input: one pass over the lines, no recursion, depth and number of parts bounded. A fault does not make a
// message undeliverable: SMTP carries it as it is, only a vendor that wants its parts cannot (catalogue P-106).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mail/header_section.hpp"
#include "mail/mime_value.hpp"
#include "mail/transfer_encoding.hpp"

namespace stellwerk::mail {

inline constexpr std::size_t mime_depth_max = 100;
inline constexpr std::size_t mime_parts_max = 10'000;

enum class mime_fault : std::uint8_t { none = 0, too_deep, too_many_parts };

struct mime_part {
  std::size_t parent = 0;  // index into mime_tree::parts; the root is its own parent
  std::size_t depth = 0;
  std::string_view header;  // raw header octets
  std::string_view body;    // raw, still transfer-encoded, without the line break that belongs to a boundary
  mime_value content_type;  // text/plain if absent
  mime_value disposition;   // value "" if absent
  transfer_encoding encoding = transfer_encoding::identity;
  std::string filename;     // of the disposition, else the name of the type; UTF-8
  std::string content_id;   // without angle brackets
  bool container = false;   // has (or should have) child parts
  bool in_message = false;  // lies inside a message/rfc822 part

  [[nodiscard]] bool is_type(std::string_view lower_type) const { return content_type.value == lower_type; }
  // A leaf that is not text to be read in place: named, declared an attachment, or of a type other than text.
  [[nodiscard]] bool is_attachment() const;
};

struct mime_tree {
  std::vector<mime_part> parts;  // in order of appearance; parts[0] is the whole message
  mime_fault fault = mime_fault::none;
};

// `header` is the section parsed from `content`.
[[nodiscard]] mime_tree scan_mime(std::string_view content, const header_section& header);

[[nodiscard]] std::string decoded_body(const mime_part& part, std::size_t octets_max = no_limit);
// As UTF-8; a text of an unknown character set is taken for UTF-8 and repaired.
[[nodiscard]] std::string decoded_text(const mime_part& part, std::size_t octets_max = no_limit);

}  // namespace stellwerk::mail
