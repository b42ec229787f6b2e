// What a message asks of the way it goes: compared with the capabilities of a destination before it is offered.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mail/header_section.hpp"
#include "mail/mime.hpp"

namespace stellwerk::mail {

struct message_features {
  std::size_t size = 0;          // octets of content
  std::size_t longest_line = 0;  // octets without line break
  bool has_8bit = false;         // anywhere
  bool has_utf8_header = false;  // RFC 6532: 8-bit in the header section
  bool has_dkim_signature = false;
  bool is_smime = false;  // signed or encrypted: no octet may change
  bool is_pgp = false;
  bool has_calendar = false;  // a text/calendar part
  bool has_message_id = false;
  bool has_list_unsubscribe_one_click = false;  // RFC 8058
  std::vector<std::string> repeated_fields;  // lower-case names of fields, other than trace, that stand more than once
  std::vector<std::string> from, to, cc, bcc;  // local@domain, normalised, each once, in order
  std::size_t unreadable_addresses = 0;        // entries of those fields that hold no address
  std::size_t attachments_count = 0;
  std::size_t attachments_bytes = 0;    // decoded
  mime_fault fault = mime_fault::none;  // the part tree could not be read to its end

  // Signed or encrypted content breaks when it is rebuilt.
  [[nodiscard]] bool must_stay_as_is() const { return is_smime || is_pgp; }
};

[[nodiscard]] message_features analyse(std::string_view content, const header_section& header);

}  // namespace stellwerk::mail
