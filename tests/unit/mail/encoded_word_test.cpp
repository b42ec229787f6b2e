#include "mail/encoded_word.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace stellwerk::mail {
namespace {

TEST(decode_encoded_words, rfc_2047_section_8_examples) {
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?Q?a?="), "a");
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?Q?a?= b"), "a b");
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?="), "ab");
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?="), "ab");
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?Q?a_b?="), "a b");
  EXPECT_EQ(decode_encoded_words("=?ISO-8859-1?Q?a?= =?UTF-8?Q?_b?="), "a b");
}

TEST(decode_encoded_words, sets_and_encodings) {
  EXPECT_EQ(decode_encoded_words("=?utf-8?B?w7xiZXI=?= alles"), "über alles");
  EXPECT_EQ(decode_encoded_words("=?iso-8859-1*de?q?=FCber?="), "über");
  EXPECT_EQ(decode_encoded_words("=?windows-1252?Q?=80?="), "€");
  EXPECT_EQ(decode_encoded_words("plain"), "plain");
  EXPECT_EQ(decode_encoded_words(""), "");
}

TEST(decode_encoded_words, a_character_split_between_words_is_joined) {
  EXPECT_EQ(decode_encoded_words("=?utf-8?Q?=C3?= =?utf-8?Q?=BC?="), "ü");
}

TEST(decode_encoded_words, what_is_no_word_stays) {
  for (const char* text : {"=?", "=?\?=", "=?utf-8?", "=?utf-8?X?a?=", "=?utf-8?Q?a b?=", "=?utf-8?Q?a", "=?utf-8?Q?a?",
                           "=?x-unknown?Q?a?=", "=?=?=?=?=?", "=?utf-8?\?="}) {
    EXPECT_EQ(decode_encoded_words(text), text);
  }
}

TEST(decode_encoded_words, no_line_break_comes_out) {
  EXPECT_EQ(decode_encoded_words("=?utf-8?Q?a=0D=0ABcc:=20b=00?="), "a  Bcc: b ");
  EXPECT_EQ(decode_encoded_words("=?utf-8?B?YQ0KYg==?="), "a  b");
}

TEST(decode_encoded_words, hostile_input_takes_linear_time) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "=?utf-8?Q?";
  EXPECT_EQ(decode_encoded_words(text), text);
}

TEST(encode_words, come_back_and_are_short) {
  std::string thousand;
  for (int i = 0; i < 500; ++i) thousand += "ä€";
  for (const std::string& text :
       {std::string{"über"}, std::string{"日本語のとても長い件名です、これは折り返されるはずです。もっと長く"},
        std::string{"a =?utf-8?Q?b?= c"}, std::string{"x\ty"}, thousand, std::string(300, 'a')}) {
    const std::string encoded = encode_words(text);
    EXPECT_TRUE(is_printable_ascii(encoded));
    for (const auto word : split(encoded, ' ')) EXPECT_LE(word.size(), 75U);
    const bool has_control = text.find('\t') != std::string::npos;
    EXPECT_EQ(decode_encoded_words(encoded), has_control ? "x y" : text);
  }
  EXPECT_EQ(encode_words(""), "");
}

TEST(encode_words, the_first_word_leaves_room_for_the_name) {
  const std::string text(300, '=');
  EXPECT_LE(encode_words(text, 20).find(' '), 55U);
  EXPECT_EQ(decode_encoded_words(encode_words(text, 20)), text);
  EXPECT_EQ(decode_encoded_words(encode_words(text, 5'000)), text);
}

TEST(needs_encoded_words, what_would_not_survive) {
  EXPECT_FALSE(needs_encoded_words("Hello, world"));
  EXPECT_TRUE(needs_encoded_words("über"));
  EXPECT_TRUE(needs_encoded_words("=?utf-8?Q?a?="));
}

}  // namespace
}  // namespace stellwerk::mail
