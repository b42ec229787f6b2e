// analysed_message: the content with everything decisions read from it, parsed once per time in memory and shared by
// all recipients. Immutable once made.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "mail/header_section.hpp"
#include "mail/message_features.hpp"
#include "mail/submission.hpp"

namespace stellwerk::mail {

struct analysed_message {
  content_ptr content;  // what the views below point into
  header_section header;
  message_features features;
  std::string header_from;         // local@domain of the first From mailbox; "" if none
  std::string header_from_domain;  // lower-case A-label
  std::string subject;             // decoded (RFC 2047)
  std::string message_id;          // without angle brackets
};
using analysed_ptr = std::shared_ptr<const analysed_message>;

// errc::malformed when the header section does not parse; the doors refuse such content before it is stored.
[[nodiscard]] result<analysed_ptr> analyse_message(content_ptr content);

}  // namespace stellwerk::mail
