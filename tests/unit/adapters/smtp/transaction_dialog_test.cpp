#include "adapters/smtp/transaction_dialog.hpp"

#include <gtest/gtest.h>

#include "tests/unit/adapters/smtp/dialog_play.hpp"

namespace stellwerk::adapters::smtp {
namespace {

using mail::attempt_outcome;
using mail::attempt_stage;
using progress = transaction_dialog::progress;
using test::an_attempt;

peer_features all_features() {
  peer_features peer;
  peer.pipelining = peer.eight_bit_mime = peer.smtputf8 = peer.dsn = peer.size = true;
  return peer;
}

const std::vector<std::size_t> both{0, 1};

// "delivered@dot deferred_recipient@rcpt again@rcpt": the fates in order.
std::string fates_of(const transaction_dialog& dialog) {
  std::string text;
  for (const auto& fate : dialog.fates()) {
    if (!text.empty()) text += ' ';
    text += fate.at == progress::again ? "again" : std::string{mail::to_string(fate.outcome.outcome)};
    text.append("@").append(mail::to_string(fate.outcome.stage));
  }
  return text;
}

// Two recipients of different fate at every stage; run with and without PIPELINING where the dialogue is the same.
struct scenario {
  const char* name;
  std::vector<std::string> replies;
  const char* fates;
  bool reusable;
};

std::string play_scenario(const scenario& given, bool pipelining, bool& reusable) {
  const attempt what = an_attempt();
  peer_features peer = all_features();
  peer.pipelining = pipelining;
  transaction_dialog dialog{what, both, peer};
  static_cast<void>(test::play(dialog, given.replies));
  reusable = dialog.reusable();
  return fates_of(dialog);
}

class both_ways : public ::testing::TestWithParam<scenario> {};

TEST_P(both_ways, gives_each_recipient_its_fate) {
  for (const bool pipelining : {true, false}) {
    bool reusable = false;
    EXPECT_EQ(play_scenario(GetParam(), pipelining, reusable), GetParam().fates) << "pipelining " << pipelining;
    EXPECT_EQ(reusable, GetParam().reusable) << "pipelining " << pipelining;
  }
}

const scenario shared_scenarios[] = {
    {"both_delivered",
     {"250 ok", "250 ok", "250 ok", "354 go", "250 2.0.0 taken"},
     "delivered@dot delivered@dot",
     true},
    {"one_rejected",
     {"250 ok", "250 ok", "550 5.1.1 who", "354 go", "250 taken"},
     "delivered@dot rejected_recipient@rcpt",
     true},
    {"one_greylisted",
     {"250 ok", "450 4.7.1 later", "250 ok", "354 go", "250 taken"},
     "deferred_recipient@rcpt delivered@dot",
     true},
    {"one_refused_by_policy",
     {"250 ok", "554 5.7.1 relay", "250 ok", "354 go", "250 taken"},
     "refused_policy@rcpt delivered@dot",
     true},
    {"one_from_a_provider_that_limits",
     {"250 ok", "250 ok", "451 4.7.650 slow", "354 go", "250 taken"},
     "delivered@dot deferred_mailbox_provider@rcpt",
     true},
    {"one_too_many", {"250 ok", "250 ok", "452 4.5.3 full", "354 go", "250 taken"}, "delivered@dot again@rcpt", true},
    {"one_too_many_by_552", {"250 ok", "250 ok", "552 full", "354 go", "250 taken"}, "delivered@dot again@rcpt", true},
    {"too_many_before_any_was_accepted_is_a_refusal",
     {"250 ok", "452 4.5.3 full", "250 ok", "354 go", "250 taken"},
     "deferred_recipient@rcpt delivered@dot",
     true},
    {"552_before_any_was_accepted_is_a_refusal",
     {"250 ok", "552 5.2.2 full", "250 ok", "354 go", "250 taken"},
     "rejected_recipient@rcpt delivered@dot",
     true},
    {"goodbye_at_mail", {"421 4.3.2 bye"}, "deferred_destination@mail deferred_destination@mail", false},
    {"goodbye_at_rcpt",
     {"250 ok", "550 5.1.1 who", "421 4.3.2 bye"},
     "rejected_recipient@rcpt deferred_destination@rcpt",
     false},
    {"goodbye_at_rcpt_for_volume",
     {"250 ok", "550 5.1.1 who", "421 4.7.28 volume"},
     "rejected_recipient@rcpt deferred_mailbox_provider@rcpt",
     false},
    {"goodbye_at_data",
     {"250 ok", "550 5.1.1 who", "250 ok", "421 4.3.2 bye"},
     "rejected_recipient@rcpt deferred_destination@data",
     false},
    {"data_deferred",
     {"250 ok", "250 ok", "550 5.1.1 who", "451 4.3.0 no", "250 reset"},
     "deferred_destination@data rejected_recipient@rcpt",
     true},
    {"data_refused",
     {"250 ok", "250 ok", "450 later", "554 5.0.0 no", "250 reset"},
     "rejected_message@data deferred_recipient@rcpt",
     true},
    {"dot_4_3",
     {"250 ok", "250 ok", "550 who", "354 go", "452 4.3.1 disk"},
     "deferred_destination@dot rejected_recipient@rcpt",
     true},
    {"dot_4_7",
     {"250 ok", "250 ok", "550 who", "354 go", "450 4.7.1 hm"},
     "deferred_recipient@dot rejected_recipient@rcpt",
     true},
    {"dot_421",
     {"250 ok", "250 ok", "550 who", "354 go", "421 4.3.2 bye"},
     "deferred_destination@dot rejected_recipient@rcpt",
     false},
    {"dot_421_4_7_28",
     {"250 ok", "250 ok", "550 who", "354 go", "421 4.7.28 volume"},
     "deferred_mailbox_provider@dot rejected_recipient@rcpt",
     false},
    {"dot_5_7",
     {"250 ok", "250 ok", "550 who", "354 go", "550 5.7.1 spam"},
     "refused_policy@dot rejected_recipient@rcpt",
     true},
    {"dot_5_6",
     {"250 ok", "250 ok", "450 later", "354 go", "554 5.6.0 bad"},
     "rejected_message@dot deferred_recipient@rcpt",
     true},
    {"lost_at_mail", {}, "deferred_destination@mail deferred_destination@mail", false},
    {"lost_at_first_rcpt", {"250 ok"}, "deferred_destination@rcpt deferred_destination@rcpt", false},
    {"lost_at_second_rcpt", {"250 ok", "550 5.1.1 who"}, "rejected_recipient@rcpt deferred_destination@rcpt", false},
    {"lost_at_data", {"250 ok", "550 5.1.1 who", "250 ok"}, "rejected_recipient@rcpt deferred_destination@data", false},
    {"lost_after_the_dot",
     {"250 ok", "550 5.1.1 who", "250 ok", "354 go"},
     "rejected_recipient@rcpt unknown@dot",
     false},
    {"lost_at_reset_changes_nothing",
     {"250 ok", "550 5.1.1 who", "250 ok", "451 4.3.0 no"},
     "rejected_recipient@rcpt deferred_destination@data",
     false},
    {"challenge_instead_of_a_reply_after_the_dot",
     {"250 ok", "550 who", "250 ok", "354 go", "354 again"},
     "rejected_recipient@rcpt unknown@dot",
     false},
    {"positive_reply_out_of_step_at_data",
     {"250 ok", "550 who", "250 ok", "250 what"},
     "rejected_recipient@rcpt deferred_destination@data",
     false},
};
INSTANTIATE_TEST_SUITE_P(stages, both_ways, ::testing::ValuesIn(shared_scenarios),
                         [](const auto& one) { return std::string{one.param.name}; });

struct sender_row {
  const char* answer;
  const char* outcome;
};

TEST(transaction_dialog, what_mail_answers_is_the_fate_of_all) {
  const sender_row rows[] = {{"450 4.1.8 hm", "deferred_recipient"},   {"451 4.7.1 hm", "deferred_recipient"},
                             {"452 4.3.1 hm", "deferred_destination"}, {"552 5.3.4 big", "rejected_message"},
                             {"550 5.7.1 no", "refused_sender"},       {"553 5.1.8 no", "refused_sender"}};
  for (const sender_row& row : rows) {
    const std::string expected = std::string{row.outcome} + "@mail " + row.outcome + "@mail";
    bool reusable = false;
    const scenario one_by_one{"", {row.answer}, "", true};
    EXPECT_EQ(play_scenario(one_by_one, false, reusable), expected);
    EXPECT_TRUE(reusable);
    const scenario in_a_batch{
        "", {row.answer, "503 5.5.1 mail first", "503 5.5.1 mail first", "503 5.5.1 mail first"}, "", true};
    EXPECT_EQ(play_scenario(in_a_batch, true, reusable), expected);
    EXPECT_TRUE(reusable);
  }
}

TEST(transaction_dialog, pipelining_puts_the_envelope_and_data_into_one_write) {
  const attempt what = an_attempt();
  const peer_features peer = all_features();
  transaction_dialog dialog{what, both, peer};
  const auto seen = test::play(dialog, {"250 ok", "250 ok", "250 ok", "354 go", "250 taken"});
  EXPECT_EQ(seen.writes,
            (std::vector<std::string>{
                "MAIL FROM:<a@ours.example> SIZE=26\r\nRCPT TO:<one@b.example>\r\nRCPT TO:<two@b.example>\r\nDATA\r\n",
                "<content>"}));
}

TEST(transaction_dialog, without_pipelining_each_command_waits_for_its_reply) {
  const attempt what = an_attempt();
  const peer_features none;
  transaction_dialog dialog{what, both, none};
  const auto seen = test::play(dialog, {"250 ok", "250 ok", "250 ok", "354 go", "250 taken"});
  EXPECT_EQ(seen.writes, (std::vector<std::string>{"MAIL FROM:<a@ours.example>\r\n", "RCPT TO:<one@b.example>\r\n",
                                                   "RCPT TO:<two@b.example>\r\n", "DATA\r\n", "<content>"}));
}

TEST(transaction_dialog, without_pipelining_and_without_a_recipient_there_is_no_data) {
  const attempt what = an_attempt();
  const peer_features none;
  transaction_dialog dialog{what, both, none};
  const auto seen = test::play(dialog, {"250 ok", "550 who", "450 later", "250 reset"});
  EXPECT_EQ(seen.writes.back(), "RSET\r\n");
  EXPECT_EQ(fates_of(dialog), "rejected_recipient@rcpt deferred_recipient@rcpt");
  EXPECT_TRUE(dialog.reusable());
}

TEST(transaction_dialog, go_ahead_without_an_accepted_recipient_is_answered_with_a_lone_dot) {
  const attempt what = an_attempt();
  const peer_features peer = all_features();
  transaction_dialog dialog{what, both, peer};
  const auto seen = test::play(dialog, {"250 ok", "550 who", "450 later", "354 go", "554 5.5.1 no recipients"});
  EXPECT_EQ(seen.writes.back(), ".\r\n");
  EXPECT_EQ(fates_of(dialog), "rejected_recipient@rcpt deferred_recipient@rcpt");
  EXPECT_TRUE(dialog.reusable());
}

TEST(transaction_dialog, go_ahead_after_a_refused_sender_is_answered_with_a_lone_dot) {
  const attempt what = an_attempt();
  const peer_features peer = all_features();
  transaction_dialog dialog{what, both, peer};
  const auto seen = test::play(dialog, {"550 5.7.1 no", "250 ok", "250 ok", "354 go", "250 taken"});
  EXPECT_EQ(seen.writes.back(), ".\r\n");
  EXPECT_EQ(fates_of(dialog), "refused_sender@mail refused_sender@mail");
}

TEST(transaction_dialog, refusal_read_before_the_last_write_is_certain) {
  const attempt what = an_attempt();
  const peer_features peer = all_features();
  transaction_dialog dialog{what, both, peer};
  for (const char* answer : {"250 ok", "250 ok", "250 ok", "354 go"}) {
    while (dialog.next().step == client_step::write) {
    }
    dialog.on_reply(test::reply_of(answer));
  }
  ASSERT_EQ(dialog.next().step, client_step::write_content);
  dialog.on_reply(test::reply_of("451 4.4.2 timeout"));
  EXPECT_EQ(dialog.next().step, client_step::done);
  EXPECT_EQ(fates_of(dialog), "deferred_destination@data deferred_destination@data");
  EXPECT_FALSE(dialog.reusable());
}

TEST(transaction_dialog, loss_inside_the_content_is_certain) {
  const attempt what = an_attempt();
  const peer_features peer = all_features();
  transaction_dialog dialog{what, both, peer};
  for (const char* answer : {"250 ok", "250 ok", "250 ok", "354 go"}) {
    while (dialog.next().step == client_step::write) {
    }
    dialog.on_reply(test::reply_of(answer));
  }
  dialog.on_lost("connection closed by the peer");
  EXPECT_EQ(fates_of(dialog), "deferred_destination@dot deferred_destination@dot");
}

TEST(transaction_dialog, knows_when_nobody_has_seen_anything) {
  const attempt what = an_attempt();
  const peer_features peer = all_features();
  transaction_dialog silent{what, both, peer};
  static_cast<void>(test::play(silent, {}));
  EXPECT_TRUE(silent.untouched());
  transaction_dialog goodbye{what, both, peer};
  static_cast<void>(test::play(goodbye, {"421 4.4.2 idle for too long"}));
  EXPECT_TRUE(goodbye.untouched());
  transaction_dialog begun{what, both, peer};
  static_cast<void>(test::play(begun, {"250 ok"}));
  EXPECT_FALSE(begun.untouched());
}

TEST(transaction_dialog, sends_8bitmime_smtputf8_and_dsn_parameters_where_offered) {
  attempt what = an_attempt({"jörg@b.example", "two@b.example"});
  what.body_8bitmime = what.smtputf8 = what.return_full = true;
  what.envelope_id = "id+1";
  what.recipients[0].dsn.on_success = true;
  what.recipients[0].dsn.original_recipient = "rfc822;jo@b.example";
  what.recipients[1].dsn.never = true;
  const peer_features peer = all_features();
  transaction_dialog dialog{what, both, peer};
  const auto seen = test::play(dialog, {});
  EXPECT_EQ(seen.writes.at(0),
            "MAIL FROM:<a@ours.example> SIZE=26 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=id+2B1\r\n"
            "RCPT TO:<jörg@b.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;jo@b.example\r\n"
            "RCPT TO:<two@b.example> NOTIFY=NEVER\r\nDATA\r\n");
}

TEST(transaction_dialog, tells_whether_the_peer_took_over_the_notifications) {
  const attempt what = an_attempt();
  for (const bool offered : {true, false}) {
    peer_features peer = all_features();
    peer.dsn = offered;
    transaction_dialog dialog{what, both, peer};
    static_cast<void>(test::play(dialog, {"250 ok", "250 ok", "550 5.1.1 who", "354 go", "250 2.0.0 queued"}));
    EXPECT_EQ(dialog.fates()[0].outcome.outcome, attempt_outcome::delivered);
    EXPECT_EQ(dialog.fates()[0].outcome.dsn_passed_on, offered);
    EXPECT_FALSE(dialog.fates()[1].outcome.dsn_passed_on);
  }
}

TEST(transaction_dialog, sends_no_parameter_that_was_not_offered) {
  attempt what = an_attempt();
  what.smtputf8 = what.return_full = true;  // declared out of habit: nothing in it needs the extension
  what.recipients[0].dsn.never = true;
  peer_features peer;
  peer.pipelining = true;
  transaction_dialog dialog{what, both, peer};
  const auto seen = test::play(dialog, {});
  EXPECT_EQ(seen.writes.at(0),
            "MAIL FROM:<a@ours.example>\r\nRCPT TO:<one@b.example>\r\nRCPT TO:<two@b.example>\r\nDATA\r\n");
}

void expect_refused_unsent(const attempt& what, const peer_features& peer, std::string_view point,
                           std::string_view status) {
  transaction_dialog dialog{what, both, peer};
  EXPECT_EQ(dialog.next().step, client_step::done);
  for (const auto& fate : dialog.fates()) {
    EXPECT_EQ(fate.outcome.outcome, attempt_outcome::rejected_message);
    EXPECT_EQ(fate.outcome.refused_point, point);
    EXPECT_EQ(fate.outcome.enhanced_status, status);
  }
  EXPECT_TRUE(dialog.reusable());
}

TEST(transaction_dialog, content_larger_than_the_offered_size_is_not_sent) {
  peer_features peer = all_features();
  peer.size_max = 25;
  expect_refused_unsent(an_attempt(), peer, "size", "5.3.4");
}

TEST(transaction_dialog, eight_bit_content_is_not_sent_without_8bitmime) {
  attempt what = an_attempt();
  what.body_8bitmime = true;
  expect_refused_unsent(what, peer_features{}, "8bitmime", "5.6.3");
}

TEST(transaction_dialog, international_address_is_not_sent_without_smtputf8) {
  expect_refused_unsent(an_attempt({"jörg@b.example", "two@b.example"}), peer_features{}, "smtputf8", "5.6.7");
}

TEST(transaction_dialog, international_header_is_not_sent_without_smtputf8) {
  attempt what = an_attempt();
  what.smtputf8 = true;
  what.content = std::make_shared<const std::string>("Subject: grün\r\n\r\nx\r\n");
  expect_refused_unsent(what, peer_features{}, "smtputf8", "5.6.7");
}

TEST(transaction_dialog, address_with_a_line_break_never_reaches_the_wire) {
  const attempt what = an_attempt({"one@b.example", "two@b.example>\r\nRCPT TO:<x@evil.example"});
  const peer_features none;
  transaction_dialog dialog{what, both, none};
  EXPECT_EQ(dialog.next().step, client_step::done);
  EXPECT_EQ(fates_of(dialog), "adapter_fault@mail adapter_fault@mail");
}

}  // namespace
}  // namespace stellwerk::adapters::smtp
