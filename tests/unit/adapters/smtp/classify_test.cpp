#include "adapters/smtp/classify.hpp"

#include <gtest/gtest.h>

#include "tests/unit/adapters/smtp/dialog_play.hpp"

namespace stellwerk::adapters::smtp {
namespace {

using mail::attempt_outcome;
using mail::attempt_stage;

struct row {
  const char* name;
  attempt_stage stage;
  const char* answer;
  attempt_outcome expected;
  const char* refused_point = "";
};

class classify_reply_row : public ::testing::TestWithParam<row> {};

TEST_P(classify_reply_row, yields_the_outcome_of_the_stage_paragraph) {
  const row& param = GetParam();
  const mail::reply answer = test::reply_of(param.answer);
  const mail::recipient_outcome fate = classify_reply(param.stage, answer);
  EXPECT_EQ(mail::to_string(fate.outcome), mail::to_string(param.expected));
  EXPECT_EQ(fate.stage, param.stage);
  EXPECT_EQ(fate.code, answer.code);
  EXPECT_EQ(fate.reply, answer.to_string());
  EXPECT_EQ(fate.refused_point, param.refused_point);
  EXPECT_FALSE(fate.connect_class);
}

constexpr auto greeting = attempt_stage::greeting;
constexpr auto ehlo = attempt_stage::ehlo;
constexpr auto starttls = attempt_stage::starttls;
constexpr auto auth = attempt_stage::auth;
constexpr auto mail_stage = attempt_stage::mail;
constexpr auto rcpt = attempt_stage::rcpt;
constexpr auto data = attempt_stage::data;
constexpr auto dot = attempt_stage::dot;
using enum attempt_outcome;

const row rows[] = {
    {"greeting_4xx", greeting, "421 4.3.2 not now", deferred_destination},
    {"greeting_5xx", greeting, "554 5.3.2 no service", deferred_destination},
    {"greeting_naming_too_many_connections", greeting, "421 4.7.0 too many connections from you", throttled},
    {"ehlo_4xx", ehlo, "451 4.3.0 later", deferred_destination},
    {"ehlo_5xx", ehlo, "502 5.5.1 what", deferred_destination},
    {"starttls_4xx", starttls, "454 4.7.0 TLS not available", deferred_destination},
    {"starttls_5xx", starttls, "501 5.5.4 no", deferred_destination},
    {"auth_530", auth, "530 5.7.0 authentication required", refused_account},
    {"auth_534", auth, "534 5.7.9 mechanism too weak", refused_account},
    {"auth_535", auth, "535 5.7.8 bad credentials", refused_account},
    {"auth_535_bare", auth, "535 bad credentials", refused_account},
    {"auth_suspended", auth, "550 5.7.1 account suspended", refused_account},
    {"auth_4xx", auth, "454 4.7.0 backend down", deferred_destination},
    {"auth_malformed", auth, "501 5.5.2 cannot decode", adapter_fault},
    {"mail_4_1_x", mail_stage, "450 4.1.8 sender domain not found", deferred_recipient},
    {"mail_4_7_x", mail_stage, "451 4.7.1 greylisted sender", deferred_recipient},
    {"mail_other_4xx", mail_stage, "452 4.3.1 no space", deferred_destination},
    {"mail_bare_4xx", mail_stage, "451 local error", deferred_destination},
    {"mail_421", mail_stage, "421 4.7.0 bye", deferred_destination},
    {"mail_5_3_4", mail_stage, "552 5.3.4 too big", rejected_message, "size"},
    {"mail_552_bare_is_the_size", mail_stage, "552 too big", rejected_message, "size"},
    {"mail_5_7_1", mail_stage, "550 5.7.1 sender not allowed", refused_sender},
    {"mail_5_1_8", mail_stage, "553 5.1.8 bad sender domain", refused_sender},
    {"mail_other_5xx", mail_stage, "554 5.0.0 no", refused_sender},
    {"mail_530_is_about_the_account", mail_stage, "530 5.7.0 authentication required", refused_account},
    {"mail_rate", mail_stage, "450 4.7.1 rate limit exceeded", throttled},
    {"rcpt_421", rcpt, "421 4.3.2 shutting down", deferred_destination},
    {"rcpt_421_4_7_28", rcpt, "421 4.7.28 unusual volume", deferred_mailbox_provider},
    {"rcpt_451_4_7_650", rcpt, "451 4.7.650 reputation", deferred_mailbox_provider},
    {"rcpt_yahoo_tss04", rcpt, "421 4.7.0 [TSS04] deferred", deferred_mailbox_provider},
    {"rcpt_greylisted", rcpt, "450 4.7.1 greylisted, come back", deferred_recipient},
    {"rcpt_bare_4xx", rcpt, "450 mailbox busy", deferred_recipient},
    {"rcpt_452_full", rcpt, "452 4.5.3 too many recipients", deferred_recipient},
    {"rcpt_mailbox_full", rcpt, "452 4.2.2 mailbox full", deferred_recipient},
    {"rcpt_mailbox_rate_is_the_recipients", rcpt, "450 4.2.1 receiving mail, rate limit of this user",
     deferred_recipient},
    {"rcpt_rate", rcpt, "451 4.7.1 message rate too high", throttled},
    {"rcpt_5_1_1", rcpt, "550 5.1.1 no such user", rejected_recipient},
    {"rcpt_5_1_1_whatever_the_words", rcpt, "550 5.1.1 relay blocked", rejected_recipient},
    {"rcpt_5_2_1", rcpt, "550 5.2.1 disabled", rejected_recipient},
    {"rcpt_bare_550", rcpt, "550 no such user", rejected_recipient},
    {"rcpt_bare_553", rcpt, "553 ambiguous", rejected_recipient},
    {"rcpt_550_5_4_1", rcpt, "550 5.4.1 unknown here", rejected_recipient},
    {"rcpt_5_7_1", rcpt, "554 5.7.1 not welcome", refused_policy},
    {"rcpt_bare_relay", rcpt, "550 Relay not permitted", refused_policy},
    {"rcpt_relay_access_denied", rcpt, "454 4.7.1 Relay access denied", deferred_recipient},
    {"rcpt_access_denied", rcpt, "554 Access DENIED", refused_policy},
    {"rcpt_blocked_on_second_line", rcpt, "554-sorry\n554 your host is blocked", refused_policy},
    {"rcpt_5_3_4", rcpt, "552 5.3.4 too big for this user", rejected_message, "size"},
    {"rcpt_syntax", rcpt, "501 5.5.4 bad parameter", adapter_fault},
    {"data_4xx", data, "451 4.3.0 queue file write error", deferred_destination},
    {"data_421", data, "421 4.3.2 bye", deferred_destination},
    {"data_5xx", data, "554 5.5.1 no valid recipients", rejected_message},
    {"data_5_7_1", data, "554 5.7.1 no", rejected_message},
    {"dot_250", dot, "250 2.0.0 queued as 4711", delivered},
    {"dot_421", dot, "421 4.7.0 bye", deferred_destination},
    {"dot_4_3_x", dot, "452 4.3.1 no space", deferred_destination},
    {"dot_4_4_x", dot, "451 4.4.2 upstream timed out", deferred_destination},
    {"dot_other_4xx", dot, "450 4.7.1 later", deferred_recipient},
    {"dot_bare_4xx", dot, "451 later", deferred_recipient},
    {"dot_421_4_7_28", dot, "421 4.7.28 unusual volume", deferred_mailbox_provider},
    {"dot_rate", dot, "451 4.7.1 rate limited: throttled", throttled},
    {"dot_5_7_1", dot, "550 5.7.1 spam", refused_policy},
    {"dot_bare_blocked", dot, "554 message blocked", refused_policy},
    {"dot_5_6_0", dot, "554 5.6.0 bad content", rejected_message},
    {"dot_5_1_1_concerns_the_message", dot, "550 5.1.1 unknown", rejected_message},
    {"dot_5_3_4", dot, "552 5.3.4 too big", rejected_message, "size"},
    {"dot_552_bare", dot, "552 too big", rejected_message, "size"},
    {"dot_5_6_3", dot, "554 5.6.3 conversion needed", rejected_message, "8bitmime"},
    {"dot_5_6_7", dot, "553 5.6.7 no utf-8", rejected_message, "smtputf8"},
};

INSTANTIATE_TEST_SUITE_P(stage_paragraph, classify_reply_row, ::testing::ValuesIn(rows),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST(classify_reply, positive_reply_out_of_step_is_lost_before_the_content) {
  const auto fate = classify_reply(attempt_stage::rcpt, test::reply_of("354 go"));
  EXPECT_EQ(fate.outcome, attempt_outcome::deferred_destination);
}

TEST(classify_reply, positive_reply_out_of_step_after_the_dot_is_unknown) {
  const auto fate = classify_reply(attempt_stage::dot, test::reply_of("354 go"));
  EXPECT_EQ(fate.outcome, attempt_outcome::unknown);
}

TEST(classify_reply, keeps_at_most_512_octets_of_foreign_text) {
  const auto fate = classify_reply(attempt_stage::dot, test::reply_of("554 5.6.0 " + std::string(1500, 'x')));
  EXPECT_EQ(fate.reply.size(), 512U);
}

TEST(says_transaction_full, knows_both_codes) {
  EXPECT_TRUE(says_transaction_full(test::reply_of("452 4.5.3 enough")));
  EXPECT_TRUE(says_transaction_full(test::reply_of("552 too many recipients")));
  EXPECT_TRUE(says_transaction_full(test::reply_of("452 Too many recipients")));
  EXPECT_FALSE(says_transaction_full(test::reply_of("552 5.3.4 too big")));
  EXPECT_FALSE(says_transaction_full(test::reply_of("452 4.2.2 mailbox full")));
  EXPECT_FALSE(says_transaction_full(test::reply_of("450 4.5.3 odd")));
}

}  // namespace
}  // namespace stellwerk::adapters::smtp
