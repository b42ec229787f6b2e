// The content for a vendor's SMTP relay: the marks of the vendor on top, the client's own attempts at them removed.
// These are the only changes; every other octet stays where it was.
#pragma once

#include "adapters/esp/mapping.hpp"
#include "mail/submission.hpp"

namespace stellwerk::adapters::esp {

// REQUIRES mark names and values that are printable ASCII.
[[nodiscard]] mail::content_ptr mark_content(const std::string& content, const relay_marks& marks);

}  // namespace stellwerk::adapters::esp
