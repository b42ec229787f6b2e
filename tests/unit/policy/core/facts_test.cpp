#include "policy/facts.hpp"

#include <gtest/gtest.h>

#include "tests/unit/policy/core/sample.hpp"

namespace stellwerk::policy {
namespace {

TEST(facts, come_from_submission_and_content) {
  sample_message message;
  message.tag("otp").campaign("spring").header("Message-ID: <1@shop.example>");
  const message_facts& made = message.message();
  EXPECT_EQ(made.client, "shop");
  EXPECT_EQ(made.tenant, "acme");
  EXPECT_EQ(made.ingress, "smtp");
  EXPECT_EQ(made.header_from, "news@shop.example");
  EXPECT_EQ(made.header_from_domain, "shop.example");
  EXPECT_EQ(made.subject, "Hello");
  EXPECT_EQ(made.message_id, "1@shop.example");
  EXPECT_EQ(made.campaign, "spring");
  EXPECT_EQ(made.recipients, 1U);
  EXPECT_EQ(made.size, message.submission().content->size());
}

TEST(facts, both_ways_of_making_them_agree) {
  sample_message message;
  message.header("Message-ID: <1@shop.example>").header("X-Encoded: =?utf-8?q?gr=C3=BCn?=");
  const message_facts& by_analysis = message.message();
  const message_facts direct = make_message_facts(message.submission(), *by_analysis.header, *by_analysis.features);
  EXPECT_EQ(direct.header_from, by_analysis.header_from);
  EXPECT_EQ(direct.header_from_domain, by_analysis.header_from_domain);
  EXPECT_EQ(direct.subject, by_analysis.subject);
  EXPECT_EQ(direct.message_id, by_analysis.message_id);
  EXPECT_EQ(direct.size, by_analysis.size);
}

TEST(facts, a_recipient_is_cut_at_the_last_at_sign) {
  sample_message message;
  const facts made = make_facts(message.message(), mail::traffic_stream::marketing, "\"a@b\"@gmail.com");
  EXPECT_EQ(made.recipient_local, "\"a@b\"");
  EXPECT_EQ(made.recipient_domain, "gmail.com");
  EXPECT_EQ(made.mailbox_provider, "google");
}

}  // namespace
}  // namespace stellwerk::policy
