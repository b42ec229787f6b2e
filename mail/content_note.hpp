// content_note: what decisions must know of a message's content when the content itself is gone: a few bits and bytes,
// no text of it and no address. Kept with the message row, so that past traffic can be asked of another policy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mail/analysed_message.hpp"
#include "mail/message_features.hpp"

namespace stellwerk::mail {

struct content_note {
  std::uint32_t bits = 0;  // content_bit
  std::uint64_t attachments_bytes = 0;
  std::string header_from_domain;
  friend bool operator==(const content_note&, const content_note&) = default;
};

enum class content_bit : std::uint32_t {
  noted = 1,  // absent: an older row, nothing is known
  utf8_header = 2,
  eight_bit = 4,
  smime = 8,
  pgp = 16,
  dkim_signature = 32,
  calendar = 64,
  message_id = 128,
  one_click = 256,
  repeated_field = 512,
  broken_structure = 1024,
  header_names_recipients = 2048,  // To, Cc and Bcc are exactly the recipients
};
[[nodiscard]] constexpr bool has(const content_note& note, content_bit bit) {
  return (note.bits & static_cast<std::uint32_t>(bit)) != 0;
}
[[nodiscard]] std::string_view to_string(content_bit bit);

[[nodiscard]] content_note note_content(const analysed_message& message,
                                        const std::vector<std::string_view>& recipients);

// Features that decide as the message's own would. `recipients` stand for its recipients where the header named them.
[[nodiscard]] message_features features_of(const content_note& note, const std::vector<std::string>& recipients);

}  // namespace stellwerk::mail
