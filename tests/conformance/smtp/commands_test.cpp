// Catalogue B1.3: commands and their order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/smtp/door_fixture.hpp"

namespace stellwerk::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

const std::string message = "From: a@from.example\r\n\r\ntext\r\n";

TEST(smtp_catalogue, P_040_mail_needs_a_greeting) {
  door_fixture door;
  smtp_peer peer = door.connect();
  ASSERT_THAT(peer.reply(), StartsWith("220 gw-1.example ESMTP"));
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("503 5.5.1"));
}

TEST(smtp_catalogue, P_041_rcpt_needs_mail) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("503 5.5.1"));
}

TEST(smtp_catalogue, P_042_data_needs_a_recipient) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.say("DATA"), StartsWith("503 5.5.1"));
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  EXPECT_THAT(peer.say("DATA"), StartsWith("503 5.5.1"));
  ASSERT_THAT(peer.say("RCPT TO:<bad"), StartsWith("501 "));
  EXPECT_THAT(peer.say("DATA"), AnyOf(StartsWith("554 5.5.1"), StartsWith("503 5.5.1")));
}

TEST(smtp_catalogue, P_043_a_second_mail_leaves_the_first_intact) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<first@from.example>"), StartsWith("250 "));
  EXPECT_THAT(peer.say("MAIL FROM:<second@from.example>"), StartsWith("503 5.5.1"));
  ASSERT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("DATA"), StartsWith("354 "));
  EXPECT_THAT(peer.say(message + "."), StartsWith("250 "));
  EXPECT_EQ(door.accepted().at(0).message.reverse_path, "first@from.example");
}

TEST(smtp_catalogue, P_044_ehlo_ends_a_transaction) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  EXPECT_THAT(peer.say("EHLO client.example"), StartsWith("250-"));
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("503 5.5.1"));
}

TEST(smtp_catalogue, P_045_verbs_that_are_not_served) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.say("FROBNICATE"), StartsWith("500 5.5.2"));
  EXPECT_THAT(peer.say("EXPN staff"), StartsWith("502 5.5.1"));
  EXPECT_THAT(peer.say("TURN"), StartsWith("502 5.5.1"));
  const std::string existing = peer.say("VRFY a@from.example");
  EXPECT_THAT(existing, StartsWith("252 "));
  EXPECT_EQ(existing, peer.say("VRFY nobody@nowhere.example"));
}

TEST(smtp_catalogue, P_046_parameters_are_checked) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example> COLOUR=red"), StartsWith("555 5.5.4"));
  for (const char* parameter : {"BODY", "BODY=", "BODY=BINARYMIME", "RET", "RET=X", "ENVID", "ENVID=", "ENVID=+ZZ",
                                "SIZE", "SIZE=", "SMTPUTF8=1", "SIZE=1 SIZE=1"}) {
    EXPECT_THAT(peer.say("MAIL FROM:<a@from.example> " + std::string{parameter}), StartsWith("501 5.5.4")) << parameter;
  }
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=q+2B1 AUTH=<>"),
              StartsWith("250 "));
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example> NOTIFY=NEVER,SUCCESS"), StartsWith("501 5.5.4"));
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example> ORCPT=b@to.example"), StartsWith("501 5.5.4"));
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b@to.example"), StartsWith("250 "));
}

TEST(smtp_catalogue, P_047_declared_sizes) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example> SIZE=abc"), StartsWith("501 5.5.4"));
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example> SIZE=1000001"), StartsWith("552 5.3.4"));
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example> SIZE=" + std::string(25, '9')),
              AnyOf(StartsWith("501 "), StartsWith("552 ")));
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example> SIZE=" + std::string(20, '9')), StartsWith("552 5.3.4"));
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example> SIZE=1000000"), StartsWith("250 "));
}

TEST(smtp_catalogue, P_048_content_that_is_too_large_is_read_to_its_end) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  std::string content = message;
  while (content.size() <= 1'000'000) content += std::string(900, 'x') + "\r\n";
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, content), StartsWith("552 5.3.4"));
  EXPECT_THAT(peer.say("NOOP"), StartsWith("250 "));
  EXPECT_TRUE(door.accepted().empty());
}

TEST(smtp_catalogue, rfc_5321_4_5_1_postmaster_needs_no_domain) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.send_message("a@from.example", {"Postmaster"}, message), StartsWith("250 "));
  ASSERT_EQ(door.accepted().size(), 1U);
  EXPECT_EQ(door.accepted()[0].recipients.at(0).address.find("Postmaster@"), 0U);
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  EXPECT_THAT(peer.say("RCPT TO:<abuse>"), StartsWith("501 ")) << "nobody else";
}

TEST(smtp_catalogue, P_053_arguments_where_there_are_none) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.say("RSET x"), StartsWith("501 "));
  EXPECT_THAT(peer.say("DATA x"), StartsWith("501 "));
  EXPECT_THAT(peer.say("NOOP text"), StartsWith("250 "));
  EXPECT_THAT(peer.say("QUIT"), StartsWith("221 "));
  EXPECT_TRUE(peer.closed());
}

TEST(smtp_catalogue, P_056_a_browser_is_sent_away) {
  door_fixture door;
  smtp_peer peer = door.connect();
  ASSERT_THAT(peer.reply(), StartsWith("220 "));
  peer.send("GET / HTTP/1.1\r\nHost: gw-1.example\r\n\r\n");
  EXPECT_THAT(peer.reply(), StartsWith("221 2.7.0"));
  EXPECT_TRUE(peer.closed());
}

TEST(smtp_catalogue, P_062_the_null_reverse_path_is_welcome) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.send_message("", {"b@to.example"}, message), StartsWith("250 "));
  EXPECT_EQ(door.accepted().at(0).message.reverse_path, "");
}

TEST(smtp_catalogue, P_064_a_refused_message_leaves_nothing_behind) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.send_message("a@from.example", {"x@refused.example"}, message), StartsWith("550 5.7.1"));
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, message), StartsWith("250 "));
  ASSERT_EQ(door.accepted().size(), 1U);
  ASSERT_EQ(door.accepted()[0].recipients.size(), 1U);
  EXPECT_EQ(door.accepted()[0].recipients[0].address, "b@to.example");
}

TEST(smtp_catalogue, P_110_binarymime_is_refused_at_mail) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example> BODY=BINARYMIME"), StartsWith("501 5.5.4"));
}

TEST(smtp_catalogue, P_112_dsn_parameters_are_checked) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  for (const char* parameter : {"RET=X", "RET=", "ENVID=+ZZ", "ENVID=", "ENVID=a+4"})
    EXPECT_THAT(peer.say("MAIL FROM:<a@from.example> " + std::string{parameter}), StartsWith("501 5.5.4")) << parameter;
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  for (const char* parameter :
       {"NOTIFY=NEVER,SUCCESS", "NOTIFY=", "NOTIFY=SOMETIMES", "ORCPT=b@to.example", "ORCPT=;b@to.example"})
    EXPECT_THAT(peer.say("RCPT TO:<b@to.example> " + std::string{parameter}), StartsWith("501 5.5.4")) << parameter;
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example> NOTIFY=NEVER"), StartsWith("250 "));
}

TEST(smtp_door, bdat_ends_the_session_before_its_chunk_is_read_as_commands) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  peer.send("BDAT 30 LAST\r\nMAIL FROM:<a@from.example>\r\n");
  EXPECT_THAT(peer.reply(), StartsWith("502 5.5.1"));
  EXPECT_TRUE(peer.closed());
}

TEST(smtp_door, offers_what_it_can) {
  door_fixture door;
  smtp_peer peer = door.connect();
  const std::string offered = peer.greet();
  for (const char* keyword : {"PIPELINING", "SIZE 1000000", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"})
    EXPECT_THAT(offered, HasSubstr(keyword));
  EXPECT_THAT(offered, testing::Not(HasSubstr("CHUNKING")));
}

TEST(smtp_door, parameters_reach_the_spool) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example> BODY=8BITMIME RET=FULL ENVID=q1 SMTPUTF8"), StartsWith("250 "));
  ASSERT_THAT(peer.say("RCPT TO:<b@to.example> NOTIFY=SUCCESS ORCPT=rfc822;o@to.example"), StartsWith("250 "));
  ASSERT_THAT(peer.say("DATA"), StartsWith("354 "));
  ASSERT_THAT(peer.say(message + "."), StartsWith("250 "));
  const auto& request = door.accepted().at(0);
  EXPECT_TRUE(request.message.body_8bitmime);
  EXPECT_TRUE(request.message.smtputf8);
  EXPECT_TRUE(request.message.return_full);
  EXPECT_EQ(request.message.envelope_id, "q1");
  EXPECT_TRUE(request.recipients.at(0).dsn.on_success);
  EXPECT_FALSE(request.recipients.at(0).dsn.on_failure);
  EXPECT_EQ(request.recipients.at(0).dsn.original_recipient, "rfc822;o@to.example");
}

TEST(smtp_door, a_repeated_recipient_gets_one_message) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example", "c@to.example", "b@TO.example"}, message),
              StartsWith("250 "));
  ASSERT_EQ(door.accepted().at(0).recipients.size(), 2U);
  EXPECT_EQ(door.accepted()[0].message.recipients, 2U);
  EXPECT_EQ(door.accepted()[0].recipients[1].address, "c@to.example");
  EXPECT_EQ(door.accepted()[0].recipients[1].key.index, 1U);
}

}  // namespace
}  // namespace stellwerk::test
