// What a destination can carry. Compared with message_features and the envelope before a candidate is offered.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace stellwerk::mail {

struct capabilities {
  std::uint64_t size_max = std::numeric_limits<std::uint64_t>::max();  // bytes of content
  bool smtputf8 = true;           // unknown until asked: an SMTP peer that lacks it answers in the attempt
  bool null_reverse_path = true;  // DSNs go only where this holds
  bool envelope_free = true;      // recipients may differ from To, Cc, Bcc (SMTP); false: an API that sends by header
  bool raw_content = true;        // bytes go as they are; false: the vendor rebuilds the message
  std::uint32_t recipients_max = 100;                                         // per attempt
  std::uint64_t attachments_max = std::numeric_limits<std::uint64_t>::max();  // bytes decoded
};

}  // namespace stellwerk::mail
