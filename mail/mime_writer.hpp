// The frame of a multipart entity (RFC 2046 section 5.1), appended to a growing message.
#pragma once

#include <string>
#include <string_view>

#include "base/random.hpp"

namespace stellwerk::mail {

// Writes Content-Type and the empty line; returns the boundary. `root_type` is the parameter "type" of
// multipart/related or the "report-type" of multipart/report.
[[nodiscard]] std::string open_multipart(std::string& out, std::string_view type, random_source& random,
                                         std::string_view root_type = {});
// Ends the part before, if any, and starts the next: its header fields follow.
void next_part(std::string& out, std::string_view boundary);
void close_multipart(std::string& out, std::string_view boundary);

}  // namespace stellwerk::mail
