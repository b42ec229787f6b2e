// Catalogue B1.1: framing, smuggling, pipelining.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.hpp"
#include "tests/conformance/smtp/door_fixture.hpp"

namespace stellwerk::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string header = "From: a@from.example\r\nSubject: hello\r\n\r\n";

// Sends a message with `false_end` in its body and a second one behind it; the whole must be refused as one.
void expect_no_smuggling(std::string_view false_end) {
  for (const std::string_view listener : {"relay", "submission"}) {
    door_fixture door;
    smtp_peer peer = listener == "relay" ? door.greeted() : door.authenticated();
    const std::string from = listener == "relay" ? "a@from.example" : "a@shop.example";
    ASSERT_THAT(peer.say("MAIL FROM:<" + from + ">"), StartsWith("250 "));
    ASSERT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("250 "));
    ASSERT_THAT(peer.say("DATA"), StartsWith("354 "));
    peer.send(
        "From: " + from + "\r\n\r\nfirst" + std::string{false_end} +
        "MAIL FROM:<smuggled@evil.example>\r\nRCPT TO:<c@to.example>\r\nDATA\r\nFrom: x@evil.example\r\n\r\nsecond");
    door.advance(std::chrono::seconds{3});
    EXPECT_EQ(peer.rest(), "");
    peer.send("\r\n.\r\n");
    EXPECT_THAT(peer.reply(), AnyOf(StartsWith("550 5.5.2"), StartsWith("554 5.6.0")));
    EXPECT_THAT(peer.say("NOOP"), StartsWith("250 "));  // in step
    EXPECT_TRUE(door.accepted().empty());
  }
}

TEST(smtp_catalogue, P_001_lf_dot_lf_never_smuggles) { expect_no_smuggling("\n.\n"); }

TEST(smtp_catalogue, P_002_lf_dot_crlf_never_smuggles) { expect_no_smuggling("\n.\r\n"); }

TEST(smtp_catalogue, P_003_crlf_dot_lf_never_smuggles) { expect_no_smuggling("\r\n.\n"); }

TEST(smtp_catalogue, P_004_ends_without_both_octets_never_smuggle) {
  expect_no_smuggling("\r.\r");
  expect_no_smuggling("\r.\n");
  expect_no_smuggling("\n.\r");
}

TEST(smtp_catalogue, P_005_half_ends_never_smuggle) {
  expect_no_smuggling("\r.\r\n");
  expect_no_smuggling("\r\n.\r");
}

TEST(smtp_catalogue, P_006_ends_with_nul_never_smuggle) {
  expect_no_smuggling(std::string_view{"\r\n\0.\r\n", 6});
  expect_no_smuggling(std::string_view{"\r\n.\0\r\n", 6});
}

TEST(smtp_catalogue, P_006_nul_in_the_body_is_refused) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  const std::string content = header + std::string{"a\0b\r\n", 5};
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, content), StartsWith("550 5.5.2"));
  EXPECT_TRUE(door.accepted().empty());
}

TEST(smtp_catalogue, P_007_bare_lf_in_the_header_is_refused) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  const std::string content = "From: a@from.example\r\nSubject: two\nlines\r\n\r\ntext\r\n";
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, content), StartsWith("550 5.5.2"));
  EXPECT_TRUE(door.accepted().empty());
}

TEST(smtp_catalogue, P_008_bare_cr_in_the_body_is_refused) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, header + "one\rtwo\r\n"), StartsWith("550 5.5.2"));
  EXPECT_TRUE(door.accepted().empty());
}

TEST(smtp_catalogue, P_009_commands_that_end_with_bare_lf_are_not_executed) {
  door_fixture door;
  smtp_peer peer = door.connect();
  ASSERT_THAT(peer.reply(), StartsWith("220 "));
  peer.send("EHLO client.example\n");
  EXPECT_THAT(peer.reply(), StartsWith("500 5.5.2"));
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("503 5.5.1"));
  ASSERT_THAT(peer.say("EHLO client.example"), StartsWith("250-"));
  peer.send("MAIL FROM:<a@from.example>\n");
  EXPECT_THAT(peer.reply(), StartsWith("500 5.5.2"));
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("503 5.5.1"));
}

TEST(smtp_catalogue, P_009_a_bare_cr_inside_a_command_is_refused) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  peer.send("NOOP a\rb\r\n");
  EXPECT_THAT(peer.reply(), StartsWith("500 5.5.2"));
}

TEST(smtp_catalogue, P_011_dots_at_line_starts_arrive_as_they_were) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, header + "..\r\n...\r\n..x\r\n...x\r\n"),
              StartsWith("250 2.0.0 queued as "));
  EXPECT_THAT(door.content(), HasSubstr("\r\n\r\n.\r\n..\r\n.x\r\n..x\r\n"));
}

const std::vector<std::string> legal_session{"EHLO client.example\r\n",
                                             "MAIL FROM:<a@from.example>\r\n",
                                             "RCPT TO:<b@to.example>\r\n",
                                             "RCPT TO:<c@to.example>\r\n",
                                             "DATA\r\n",
                                             header + "..dot\r\nlast\r\n.\r\n",
                                             "QUIT\r\n"};
const std::vector<std::string> legal_replies{"250-", "250 ", "250 ", "250 ", "354 ", "250 ", "221 "};

TEST(smtp_catalogue, P_012_a_session_in_random_pieces_is_the_same_session) {
  seeded_random random{12};
  for (const std::uint64_t piece_max : {1ULL, 3ULL, 17ULL}) {
    door_fixture door;
    smtp_peer peer = door.connect();
    ASSERT_THAT(peer.reply(), StartsWith("220 "));
    for (std::size_t i = 0; i < legal_session.size(); ++i) {
      std::string_view rest = legal_session[i];
      while (!rest.empty()) {
        const std::size_t size = std::min<std::size_t>(rest.size(), 1 + random.below(piece_max));
        peer.send(rest.substr(0, size));
        rest.remove_prefix(size);
      }
      ASSERT_THAT(peer.reply(), StartsWith(legal_replies[i])) << i;
    }
    ASSERT_EQ(door.accepted().size(), 1U);
    EXPECT_THAT(door.content(), testing::EndsWith(header + ".dot\r\nlast\r\n"));
  }
}

TEST(smtp_catalogue, P_012_the_end_of_the_content_may_be_split_anywhere) {
  const std::string end = "\r\n.\r\n";
  for (std::size_t at = 1; at < end.size(); ++at) {
    door_fixture door;
    smtp_peer peer = door.greeted();
    for (std::size_t i = 1; i < 5; ++i) {
      peer.send(legal_session[i]);
      ASSERT_THAT(peer.reply(), StartsWith(legal_replies[i]));
    }
    peer.send(header + "last" + end.substr(0, at));
    EXPECT_EQ(peer.rest(), "");
    peer.send(end.substr(at));
    EXPECT_THAT(peer.reply(), StartsWith("250 2.0.0 queued as "));
    EXPECT_THAT(door.content(), testing::EndsWith(header + "last\r\n"));
  }
}

TEST(smtp_catalogue, P_013_who_talks_before_the_greeting_is_turned_away) {
  for (const std::string& early : {std::string{"EHLO client.example\r\n"}, std::string(65536, 'x')}) {
    door_fixture door;
    smtp_peer peer = door.connect_talking(early);
    EXPECT_THAT(peer.reply(), StartsWith("554 5.5.0"));
    EXPECT_TRUE(peer.closed());
  }
}

TEST(smtp_catalogue, P_014_content_in_the_segment_of_data_ends_the_session) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("250 "));
  peer.send("DATA\r\n" + header + "text\r\n.\r\n");
  EXPECT_THAT(peer.reply(), AnyOf(StartsWith("554 5.5.0"), StartsWith("503 5.5.1")));
  EXPECT_TRUE(peer.closed());
  EXPECT_TRUE(door.accepted().empty());
}

TEST(smtp_catalogue, P_015_a_group_of_commands_is_answered_one_by_one) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  peer.send(
      "MAIL FROM:<x@from.example>\r\nRCPT TO:<a@to.example>\r\nRCPT TO:<bad\r\nRCPT TO:<b@to.example>\r\nDATA\r\n");
  for (const char* code : {"250 ", "250 ", "501 ", "250 ", "354 "}) EXPECT_THAT(peer.reply(), StartsWith(code));
  peer.send(header + "text\r\n.\r\n");
  EXPECT_THAT(peer.reply(), StartsWith("250 "));
  ASSERT_EQ(door.accepted().size(), 1U);
  ASSERT_EQ(door.accepted()[0].recipients.size(), 2U);
  EXPECT_EQ(door.accepted()[0].recipients[0].address, "a@to.example");
  EXPECT_EQ(door.accepted()[0].recipients[1].address, "b@to.example");
}

TEST(smtp_catalogue, P_016_transactions_may_be_glued_to_the_end_of_the_content) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  const std::string transaction = "MAIL FROM:<x@from.example>\r\nRCPT TO:<a@to.example>\r\nDATA\r\n";
  peer.send(transaction);
  for (const char* code : {"250 ", "250 ", "354 "}) EXPECT_THAT(peer.reply(), StartsWith(code));
  peer.send(header + "one\r\n.\r\n" + transaction);
  for (const char* code : {"250 2.0.0 queued as ", "250 ", "250 ", "354 "}) EXPECT_THAT(peer.reply(), StartsWith(code));
  peer.send(header + "two\r\n.\r\nQUIT\r\n");
  EXPECT_THAT(peer.reply(), StartsWith("250 2.0.0 queued as "));
  EXPECT_THAT(peer.reply(), StartsWith("221 "));
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(door.accepted().size(), 2U);
}

}  // namespace
}  // namespace stellwerk::test
