// Text of foreign character sets as UTF-8: the few sets that mail still comes in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace stellwerk::mail {

// utf-8, us-ascii, iso-8859-1, iso-8859-15, windows-1252 under their usual names; nullopt for any other set. The result
// is always valid UTF-8: what is not becomes U+FFFD. ISO-8859-1 is read as its superset windows-1252, as senders mean
// it.
[[nodiscard]] std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset);

// The bytes with every ill-formed octet replaced by U+FFFD.
[[nodiscard]] std::string repaired_utf8(std::string_view bytes);

// Length of the first character of well-formed UTF-8, at most text.size(). REQUIRES !text.empty().
[[nodiscard]] std::size_t utf8_character_length(std::string_view text);

}  // namespace stellwerk::mail
