// Encoded words of RFC 2047: header text beyond ASCII.
#pragma once

#include <string>
#include <string_view>

namespace stellwerk::mail {

// UTF-8 of unfolded header text. Adjacent words are joined, also when a character is split between them. A word of an
// unknown character set stays as it is. Control characters inside a word become spaces: decoded text can never carry a
// line break into another header. Linear in the length of the text.
[[nodiscard]] std::string decode_encoded_words(std::string_view text);

// `utf8` as encoded words of at most 75 octets, joined by single spaces (places to fold); Q or B, whichever is shorter.
// Fit for a phrase as well as for unstructured text. The first word leaves room for `columns_used` on its line, so that
// the line keeps to 76. REQUIRES valid UTF-8.
[[nodiscard]] std::string encode_words(std::string_view utf8, std::size_t columns_used = 0);

// True if unstructured text has to be encoded to survive: not printable ASCII, or it looks like an encoded word.
[[nodiscard]] bool needs_encoded_words(std::string_view text);

}  // namespace stellwerk::mail
