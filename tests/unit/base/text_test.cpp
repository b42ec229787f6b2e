#include "base/text.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace stellwerk {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(text, only_ascii_letters_change_case) {
  EXPECT_EQ(ascii_lower("MiXeD-09_\xc3\x84@[`{"), "mixed-09_\xc3\x84@[`{");
  EXPECT_TRUE(iequals("Content-TYPE", "content-type"));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("\xc3\x84", "\xc3\xa4"));
  EXPECT_FALSE(iequals("@", "`")) << "one bit apart, but no letters";
  EXPECT_TRUE(istarts_with("EHLO there", "ehlo "));
  EXPECT_FALSE(istarts_with("EH", "EHLO"));
}

TEST(text, trim_takes_blanks_of_lines_only) {
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim("\r\n \t"), "");
  EXPECT_EQ(trim(std::string_view{"\0a", 2}).size(), 2U);
}

TEST(text, split_keeps_empty_parts) {
  using parts = std::vector<std::string_view>;
  EXPECT_EQ(split("a,,b,", ','), (parts{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (parts{""}));
  EXPECT_EQ(split("abc", ','), (parts{"abc"}));
}

TEST(text, utf8_is_taken_in_its_shortest_form_only) {
  for (const char* good :
       {"", "ascii", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x9a\x82", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf",
                          "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "a\xe2\x82", "\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << bad;
  }
}

TEST(text, printable_ascii_has_no_control_characters) {
  EXPECT_TRUE(is_printable_ascii(" az~"));
  EXPECT_FALSE(is_printable_ascii("a\tb"));
  EXPECT_FALSE(is_printable_ascii("a\x7f"));
  EXPECT_FALSE(is_printable_ascii("\xc3\xa4"));
  EXPECT_TRUE(is_ascii("a\x7f\n"));
  EXPECT_FALSE(is_ascii("\x80"));
  for (std::size_t size = 1; size < 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      EXPECT_TRUE(is_ascii(text));
      text[at] = '\xc3';
      EXPECT_FALSE(is_ascii(text)) << size << " " << at;
    }
  }
}

TEST(text, decimals_are_digits_that_fit) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("9999999999999999999"), 9999999999999999999U) << "the longest that always fits";
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "0x1", "1.0", "18446744073709551616", "99999999999999999999"}) {
    EXPECT_FALSE(parse_decimal(bad)) << bad;
  }
}

TEST(text, a_json_string_cannot_break_out_of_its_line) {
  EXPECT_EQ(json("plain \xc3\xa4 \xf0\x9f\x9a\x82"), "\"plain \xc3\xa4 \xf0\x9f\x9a\x82\"");
  EXPECT_EQ(json("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(json("a\r\n\x1b[31m\x7f"), R"("a\u000d\u000a\u001b[31m\u007f")");
  EXPECT_EQ(json(std::string_view{"\0", 1}), R"("\u0000")");
  EXPECT_EQ(json("bad\xff"), R"("bad\ufffd")");
  EXPECT_EQ(json("evil\xe2\x80\xaetxt.exe"), R"("evil\u202etxt.exe")");
  EXPECT_EQ(json("\xe2\x81\xa6"), R"("\u2066")");
}

// RFC 4648 section 10.
TEST(text, base64_test_vectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(base64_encode(plain), coded);
    EXPECT_EQ(base64_decode(coded), plain);
  }
}

TEST(text, base64_gives_back_every_octet) {
  seeded_random random{7};
  for (std::size_t size = 0; size < 70; ++size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random.next());
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
  }
}

TEST(text, base64_faults_are_refused) {
  for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "=Zg=", "Z===", "Zm9v\n", "Zm 9", "Zm9_", "Zg==Zg=="}) {
    EXPECT_FALSE(base64_decode(bad)) << bad;
  }
}

TEST(text, hex_is_lower_case) { EXPECT_EQ(to_hex(std::string_view{"\x00\xff\x1a", 3}), "00ff1a"); }

TEST(text, edit_distance_finds_the_near_word) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("listener", "listner"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("flaw", "lawn"), 2U);
  EXPECT_EQ(edit_distance("a", "b"), edit_distance("b", "a"));
  EXPECT_GT(edit_distance("short", "something much longer", 4), 4U);
}

}  // namespace
}  // namespace stellwerk
