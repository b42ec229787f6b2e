#include "gateway/ingress/smtp/path_arguments.hpp"

#include <gtest/gtest.h>

#include "gateway/ingress/smtp/replies.hpp"

namespace stellwerk::ingress::smtp {
namespace {

fault_reply mail_fault(std::string_view argument) {
  const auto out = parse_mail_arguments(argument);
  const auto* fault = std::get_if<fault_reply>(&out);
  return fault != nullptr ? *fault : fault_reply{};
}

fault_reply rcpt_fault(std::string_view argument, bool smtputf8 = false) {
  const auto out = parse_rcpt_arguments(argument, smtputf8, "gw.example");
  const auto* fault = std::get_if<fault_reply>(&out);
  return fault != nullptr ? *fault : fault_reply{};
}

TEST(path_arguments, keyword_and_parameters_ignore_letter_case) {
  const auto out = parse_mail_arguments("from:<A@B.example> size=10 body=8bitmime ret=full smtputf8 envid=x");
  ASSERT_TRUE(std::holds_alternative<mail_arguments>(out));
  const auto& given = std::get<mail_arguments>(out);
  EXPECT_EQ(given.reverse_path, "A@b.example");
  EXPECT_EQ(given.size, 10U);
  EXPECT_TRUE(given.body_8bitmime && given.return_full && given.smtputf8);
  EXPECT_EQ(given.envelope_id, "x");
}

TEST(path_arguments, quoted_local_parts_may_hold_what_ends_a_path) {
  const auto out = parse_rcpt_arguments("TO:<\"a>b\\\"c d\"@x.example> NOTIFY=NEVER", false, "gw.example");
  ASSERT_TRUE(std::holds_alternative<mail::envelope_recipient>(out));
  EXPECT_EQ(std::get<mail::envelope_recipient>(out).address, "\"a>b\\\"c d\"@x.example");
  EXPECT_TRUE(std::get<mail::envelope_recipient>(out).dsn.never);
}

TEST(path_arguments, faults_of_the_path) {
  EXPECT_EQ(mail_fault("TO:<a@b.example>"), replies::bad_path);
  EXPECT_EQ(mail_fault("FROM <a@b.example>"), replies::bad_path);
  EXPECT_EQ(mail_fault("FROM:<a@b.example>SIZE=1"), replies::bad_path);
  EXPECT_EQ(mail_fault(""), replies::bad_path);
  EXPECT_EQ(rcpt_fault("TO:<>"), replies::bad_path);
  EXPECT_EQ(rcpt_fault("TO:<a@b.example"), replies::bad_path);
}

TEST(path_arguments, notify) {
  EXPECT_EQ(rcpt_fault("TO:<a@b.example> NOTIFY=DELAY,SUCCESS"), "");
  for (const char* bad : {"NOTIFY", "NOTIFY=", "NOTIFY=OFTEN", "NOTIFY=NEVER,DELAY", "NOTIFY=DELAY NOTIFY=DELAY",
                          "ORCPT=", "ORCPT=;x", "ORCPT=rfc822;", "ORCPT=rfc822;a+2", "ORCPT=rfc822;a=b"})
    EXPECT_EQ(rcpt_fault("TO:<a@b.example> " + std::string{bad}), replies::bad_parameter) << bad;
  EXPECT_EQ(rcpt_fault("TO:<a@b.example> SIZE=1"), replies::unknown_parameter);
}

}  // namespace
}  // namespace stellwerk::ingress::smtp
