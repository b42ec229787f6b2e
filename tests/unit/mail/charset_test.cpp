#include "mail/charset.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace stellwerk::mail {
namespace {

TEST(to_utf8, knows_the_sets_mail_comes_in) {
  EXPECT_EQ(to_utf8("\xfc", "ISO-8859-1"), "ü");
  EXPECT_EQ(to_utf8("\xa4", "iso-8859-15"), "€");
  EXPECT_EQ(to_utf8("\x80\x93x\x94", "Windows-1252"), "€“x”");
  EXPECT_EQ(to_utf8("ü", "UTF-8"), "ü");
  EXPECT_EQ(to_utf8("abc", "us-ascii"), "abc");
  EXPECT_FALSE(to_utf8("abc", "x-unknown"));
}

TEST(to_utf8, is_always_valid_utf8) {
  EXPECT_EQ(to_utf8("a\xff"
                    "b",
                    "utf-8"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(to_utf8("\xe2\x82", "utf-8"), "\xef\xbf\xbd\xef\xbf\xbd");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const char* set : {"utf-8", "iso-8859-1", "iso-8859-15", "windows-1252"}) {
    EXPECT_TRUE(is_valid_utf8(to_utf8(all, set).value())) << set;
  }
}

}  // namespace
}  // namespace stellwerk::mail
