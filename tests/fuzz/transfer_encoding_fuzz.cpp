// Base64 and quoted-printable: encoding is undone by decoding, counting is never less than decoding, limits hold.
#include <cstdint>
#include <string>
#include <string_view>

#include "mail/transfer_encoding.hpp"
#include "tests/fuzz/require.hpp"

using namespace stellwerk;
using mail::transfer_encoding;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  fuzz::require(mail::decode_base64(mail::encode_base64_lines(bytes)) == bytes, "base64 is undone");
  for (const auto encoding :
       {transfer_encoding::identity, transfer_encoding::quoted_printable, transfer_encoding::base64}) {
    // Padding in the middle of base64 is counted as if it were not there: never too little.
    const std::size_t counted = mail::decoded_size(bytes, encoding);
    const std::size_t decoded = mail::decode_transfer(bytes, encoding).size();
    fuzz::require(encoding == transfer_encoding::base64 ? counted >= decoded : counted == decoded, "counting agrees");
    fuzz::require(mail::decode_transfer(bytes, encoding, 10).size() <= 10, "the limit holds");
  }
  const std::string printable = mail::encode_quoted_printable(bytes);
  std::size_t begin = 0;
  while (begin < printable.size()) {
    const std::size_t end = printable.find("\r\n", begin);
    fuzz::require((end == std::string::npos ? printable.size() : end) - begin <= 76, "lines have at most 76 octets");
    if (end == std::string::npos) break;
    begin = end + 2;
  }
  return 0;
}
