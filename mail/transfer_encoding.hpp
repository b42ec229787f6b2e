// Content-Transfer-Encoding of RFC 2045 section 6: decoding forgives, encoding is strict.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace stellwerk::mail {

enum class transfer_encoding : std::uint8_t { identity, quoted_printable, base64, unknown };
// 7bit, 8bit, binary and an absent field are identity.
[[nodiscard]] transfer_encoding parse_transfer_encoding(std::string_view value);

inline constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

// Stop after `octets_max` octets of output. Octets outside the alphabet are skipped (base64) or kept
// (quoted-printable).
[[nodiscard]] std::string decode_base64(std::string_view text, std::size_t octets_max = no_limit);
[[nodiscard]] std::string decode_quoted_printable(std::string_view text, std::size_t octets_max = no_limit);
[[nodiscard]] std::string decode_transfer(std::string_view body, transfer_encoding encoding,
                                          std::size_t octets_max = no_limit);
// What decode_transfer() would yield, counted without keeping it.
[[nodiscard]] std::size_t decoded_size(std::string_view body, transfer_encoding encoding);

// Lines of 76 octets, each ended by CRLF.
[[nodiscard]] std::string encode_base64_lines(std::string_view bytes);
// Lines of at most 76 octets; CRLF in `text` stays a line break (RFC 2045 section 6.7).
[[nodiscard]] std::string encode_quoted_printable(std::string_view text);

}  // namespace stellwerk::mail
