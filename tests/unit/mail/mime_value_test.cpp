#include "mail/mime_value.hpp"

#include <gtest/gtest.h>

namespace stellwerk::mail {
namespace {

TEST(parse_mime_value, type_and_parameters) {
  const mime_value v = parse_mime_value(" Text/HTML; Charset=\"utf-8\";\r\n format = flowed ; x=\"a\\\"b;c\"");
  EXPECT_EQ(v.value, "text/html");
  EXPECT_EQ(v.type(), "text");
  EXPECT_EQ(v.subtype(), "html");
  EXPECT_EQ(v.parameter("charset"), "utf-8");
  EXPECT_EQ(v.parameter("format"), "flowed");
  EXPECT_EQ(v.parameter("x"), "a\"b;c");
  EXPECT_EQ(v.parameter("none"), "");
}

TEST(parse_mime_value, comments_are_skipped) {
  const mime_value v = parse_mime_value("text/plain (a; b=c (nested)); charset=(comment)us-ascii");
  EXPECT_EQ(v.value, "text/plain");
  EXPECT_EQ(v.parameter("charset"), "us-ascii");
  EXPECT_EQ(v.parameter("b"), "");
}

TEST(parse_mime_value, rfc_2231_forms) {
  EXPECT_EQ(parse_mime_value("a/b; title*=us-ascii'en-us'This%20is%20fun").parameter("title"), "This is fun");
  EXPECT_EQ(parse_mime_value("a/b; u*1=\"b.com\"; u*0=\"a.\"").parameter("u"), "a.b.com");
  EXPECT_EQ(parse_mime_value("a/b; t*0*=iso-8859-1''%fcb; t*1*=er%20; t*2=\"all*s\"").parameter("t"), "über all*s");
  EXPECT_EQ(parse_mime_value("a/b; filename=x.txt; filename*=utf-8''%C3%BC.txt").parameter("filename"), "ü.txt");
  EXPECT_EQ(parse_mime_value("a/b; filename=\"=?utf-8?Q?=C3=BC?=.txt\"").parameter("filename"), "ü.txt");
}

TEST(parse_mime_value, hostile_values_do_no_harm) {
  EXPECT_EQ(parse_mime_value("").value, "");
  EXPECT_EQ(parse_mime_value(";;;=;=x;").value, "");
  EXPECT_EQ(parse_mime_value("text/plain; a").parameters.size(), 0U);
  EXPECT_EQ(parse_mime_value("text/plain; a=\"open").parameter("a"), "open");
  EXPECT_EQ(parse_mime_value("text/plain; a=\"x\\").parameter("a"), "x\\");
  EXPECT_EQ(parse_mime_value("text/plain; a*99999999999=x").parameter("a*99999999999"), "x");
  EXPECT_EQ(parse_mime_value("text/plain; a*=%").parameter("a"), "%");
  EXPECT_EQ(parse_mime_value("a/b; x=1; x=2").parameter("x"), "1");
  std::string many = "a/b";
  for (int i = 0; i < 100'000; ++i) many += ";a*" + std::to_string(i) + "=x";
  EXPECT_LE(parse_mime_value(many).parameters.size(), 1U);
  EXPECT_EQ(parse_mime_value("a/b;" + std::string(100'000, '(')).value, "a/b");
}

TEST(format_parameter, comes_back) {
  for (const std::string& value : {std::string{"plain.txt"}, std::string{"with space.txt"}, std::string{"a\"b\\c"},
                                   std::string{"Übersicht für März.pdf"}, std::string(300, 'n'), std::string{""},
                                   std::string{"日本語のとても長いファイル名ですこれは分割される.pdf"},
                                   std::string{"=?utf-8?Q?x?="}, std::string{"100%'*"}}) {
    std::string field = "attachment";
    for (const std::string& piece : format_parameter("filename", value)) {
      EXPECT_LE(piece.size(), 78U);
      field += ";\r\n " + piece;
    }
    EXPECT_EQ(parse_mime_value(field).parameter("filename"), value);
  }
  EXPECT_EQ(format_parameter("name", "a.txt"), std::vector<std::string>{"name=a.txt"});
  EXPECT_EQ(format_parameter("name", "a b"), std::vector<std::string>{"name=\"a b\""});
}

}  // namespace
}  // namespace stellwerk::mail
