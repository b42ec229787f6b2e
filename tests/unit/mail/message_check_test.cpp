#include "mail/message_check.hpp"

#include <gtest/gtest.h>

namespace stellwerk::mail {
namespace {

message_check check(const std::string& content, submission_profile profile = submission_profile::relay) {
  return check_message(header_section::parse(content), profile);
}

TEST(message_check, a_field_that_may_stand_once_may_not_stand_twice) {  // P-102
  for (const std::string name : {"From", "Subject", "Date", "To", "Cc", "Bcc", "Sender", "Reply-To", "Message-ID",
                                 "Content-Type", "MIME-Version"}) {
    const auto result = check(name + ": a\r\nX: y\r\n" + name + ": b\r\n\r\n");
    EXPECT_EQ(result.fault, message_fault::duplicate_field) << name;
    EXPECT_EQ(result.detail, "more than one " + name + " field");
  }
  EXPECT_TRUE(check("subject: a\r\nX: 1\r\nX: 2\r\nComments: a\r\nComments: b\r\n\r\n").ok());
  EXPECT_EQ(check("from: a\r\nFROM: b\r\n\r\n").fault, message_fault::duplicate_field);
}

TEST(message_check, submission_needs_a_from_field) {  // P-103
  EXPECT_EQ(check("Subject: a\r\n\r\n", submission_profile::submission).fault, message_fault::missing_from);
  EXPECT_EQ(check("body only\r\n", submission_profile::submission).fault, message_fault::missing_from);
  EXPECT_TRUE(check("From: a@b.ex\r\n\r\n", submission_profile::submission).ok());
}

TEST(message_check, relay_asks_for_no_header_but_for_no_broken_one) {
  EXPECT_TRUE(check("body only\r\n").ok());
  EXPECT_TRUE(check("").ok());
  EXPECT_EQ(check("A: b\r\nbroken\r\n").fault, message_fault::malformed_header);
  EXPECT_EQ(check("A: " + std::string(1'000, 'x') + "\r\n").fault, message_fault::malformed_header);
}

TEST(message_check, received_fields_are_counted) {  // P-107
  std::string content;
  for (int i = 0; i < 100; ++i) content += "Received: by x; y\r\n";
  EXPECT_EQ(check(content + "\r\n").received, 100U);
  EXPECT_TRUE(check(content + "\r\n").ok());
  EXPECT_EQ(check(content + "received: z\r\n\r\n").fault, message_fault::too_many_hops);
}

TEST(message_check, a_huge_header_is_too_large) {
  std::string content;
  while (content.size() < 300'000) content += "X: " + std::string(500, 'x') + "\r\n";
  EXPECT_EQ(check(content).fault, message_fault::header_too_large);
}

}  // namespace
}  // namespace stellwerk::mail
