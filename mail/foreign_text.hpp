// Text that a peer wrote, made safe to stand in a reply, a report or a header field of ours.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stellwerk::mail {

// Printable ASCII only: line breaks and tabs become one space, any other octet '?'; cut at `octets_max`.
[[nodiscard]] std::string printable_text(std::string_view foreign, std::size_t octets_max);

}  // namespace stellwerk::mail
