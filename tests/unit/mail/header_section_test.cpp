#include "mail/header_section.hpp"

#include <gtest/gtest.h>

namespace stellwerk::mail {
namespace {

TEST(header_section, fields_are_views_with_folding) {
  const std::string content = "Subject: a\r\n b\r\n\tc\r\nTo:x@y.ex\r\nto: z@y.ex\r\n\r\nbody\r\n";
  const auto header = header_section::parse(content);
  ASSERT_TRUE(header.ok());
  ASSERT_EQ(header.fields().size(), 3U);
  EXPECT_EQ(header.fields()[0].name, "Subject");
  EXPECT_EQ(header.fields()[0].value, " a\r\n b\r\n\tc");
  EXPECT_EQ(header.fields()[0].raw, "Subject: a\r\n b\r\n\tc\r\n");
  EXPECT_EQ(header.fields()[1].value, "x@y.ex");
  EXPECT_EQ(unfold(*header.first("SUBJECT")), "a b\tc");
  EXPECT_EQ(header.all("To").size(), 2U);
  EXPECT_EQ(header.count("TO"), 2U);
  EXPECT_FALSE(header.contains("Cc"));
  EXPECT_EQ(content.substr(header.end()), "\r\nbody\r\n");
  EXPECT_EQ(content.substr(header.body_offset()), "body\r\n");
}

TEST(header_section, a_message_may_have_no_body) {
  for (const std::string content : {"A: b\r\n", "A: b", "A: b\r\n\r\n", "A: b\n\n", "A:\r\n"}) {
    const auto header = header_section::parse(content);
    EXPECT_TRUE(header.ok()) << content;
    EXPECT_EQ(header.body_offset(), content.size()) << content;
  }
}

TEST(header_section, faults_are_named) {
  const auto fault_of = [](const std::string& content) { return header_section::parse(content).fault(); };
  EXPECT_EQ(fault_of(""), header_fault::no_header);
  EXPECT_EQ(fault_of("\r\nbody"), header_fault::no_header);
  EXPECT_EQ(fault_of("hello\r\n"), header_fault::no_header);
  EXPECT_EQ(fault_of(" folded\r\n"), header_fault::no_header);
  EXPECT_EQ(fault_of("From me Mon 10:00\r\n"), header_fault::no_header);
  EXPECT_EQ(fault_of("A: b\r\nhello\r\n"), header_fault::bad_line);
  EXPECT_EQ(fault_of("A: b\r\n: c\r\n"), header_fault::bad_field_name);
  EXPECT_EQ(fault_of("A: b\r\nSubject : c\r\n"), header_fault::bad_field_name);
  EXPECT_EQ(fault_of("A: b\r\nS\xc3\xbc: c\r\n"), header_fault::bad_field_name);
  EXPECT_EQ(fault_of("A: " + std::string(995, 'x') + "\r\n"), header_fault::none);
  EXPECT_EQ(fault_of("A: " + std::string(996, 'x') + "\r\n"), header_fault::line_too_long);
}

TEST(header_section, size_and_number_are_bounded) {  // P-105
  const std::string line = "X: " + std::string(95, 'y') + "\r\n";
  std::string big;
  while (big.size() + line.size() < header_octets_limit) big += line;
  EXPECT_EQ(header_section::parse(big + "\r\n").fault(), header_fault::none);
  EXPECT_EQ(header_section::parse(big + line + "\r\n").fault(), header_fault::too_large);
  std::string many;
  for (int i = 0; i < 9'999; ++i) many += "X:\r\n";
  EXPECT_EQ(header_section::parse(many).fault(), header_fault::none);
  EXPECT_EQ(header_section::parse(many + "X:\r\n").fault(), header_fault::too_many_fields);
}

TEST(header_section, fields_before_a_fault_stay_readable) {
  const auto header = header_section::parse("Subject: x\r\nbroken\r\n\r\n");
  EXPECT_EQ(unfold(header.first("subject").value_or("")), "x");
}

}  // namespace
}  // namespace stellwerk::mail
