#include "mail/transfer_encoding.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace stellwerk::mail {
namespace {

TEST(decode_base64, forgives_breaks_noise_and_missing_padding) {
  EXPECT_EQ(decode_base64("aGVs\r\nbG8="), "hello");
  EXPECT_EQ(decode_base64("aGVsbG8"), "hello");
  EXPECT_EQ(decode_base64("a!G V\ts b-G8=="), "hello");
  EXPECT_EQ(decode_base64("YQ==YQ=="), "aa");
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("===="), "");
  EXPECT_EQ(decode_base64("aGVsbG8=", 3), "hel");
}

TEST(decode_quoted_printable, forgives_what_is_not_encoded) {
  EXPECT_EQ(decode_quoted_printable("a=C3=BCb"), "aüb");
  EXPECT_EQ(decode_quoted_printable("a=c3=bcb"), "aüb");
  EXPECT_EQ(decode_quoted_printable("one=\r\ntwo= \t\r\nthree=\nfour="), "onetwothreefour");
  EXPECT_EQ(decode_quoted_printable("100=% =G1 =4"), "100=% =G1 =4");
  EXPECT_EQ(decode_quoted_printable("abcdef", 3), "abc");
}

TEST(encode_quoted_printable, lines_are_short_and_come_back) {
  seeded_random random{3};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (auto left = random.below(400); left > 0; --left) {
      const auto kind = random.below(20);
      if (kind == 0)
        text += "\r\n";
      else if (kind < 4)
        text += ' ';
      else
        text += static_cast<char>(random.below(256));
    }
    const std::string encoded = encode_quoted_printable(text);
    EXPECT_EQ(decode_quoted_printable(encoded), text);
    for (std::size_t at = 0; at < encoded.size();) {
      const auto end = std::min(encoded.find("\r\n", at), encoded.size());
      ASSERT_LE(end - at, 76U);
      ASSERT_TRUE(end == at || (encoded[end - 1] != ' ' && encoded[end - 1] != '\t'));
      at = end + 2;
    }
  }
}

TEST(encode_base64_lines, lines_hold_76_octets) {
  EXPECT_EQ(encode_base64_lines(""), "");
  EXPECT_EQ(encode_base64_lines("hello"), "aGVsbG8=\r\n");
  const std::string bytes(100, 'x');
  const std::string encoded = encode_base64_lines(bytes);
  EXPECT_EQ(encoded.find("\r\n"), 76U);
  EXPECT_EQ(decode_base64(encoded), bytes);
}

TEST(decoded_size, is_what_decoding_yields) {
  for (const std::size_t size : {0U, 1U, 2U, 3U, 57U, 58U, 1000U}) {
    const std::string bytes(size, 'z');
    EXPECT_EQ(decoded_size(encode_base64_lines(bytes), transfer_encoding::base64), size);
    EXPECT_EQ(decoded_size(encode_quoted_printable(bytes), transfer_encoding::quoted_printable), size);
    EXPECT_EQ(decoded_size(bytes, transfer_encoding::identity), size);
  }
}

TEST(parse_transfer_encoding, names) {
  EXPECT_EQ(parse_transfer_encoding(" BASE64 "), transfer_encoding::base64);
  EXPECT_EQ(parse_transfer_encoding("Quoted-Printable"), transfer_encoding::quoted_printable);
  EXPECT_EQ(parse_transfer_encoding("8bit"), transfer_encoding::identity);
  EXPECT_EQ(parse_transfer_encoding(""), transfer_encoding::identity);
  EXPECT_EQ(parse_transfer_encoding("x-uuencode"), transfer_encoding::unknown);
}

}  // namespace
}  // namespace stellwerk::mail
