// Catalogue B1.2, the door's side. The handshake itself is played; base/net tests the real one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "tests/conformance/smtp/door_fixture.hpp"

namespace stellwerk::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(smtp_catalogue, P_020_commands_behind_starttls_have_no_effect) {
  door_fixture door;
  smtp_peer peer = door.greeted("bound");
  peer.send("STARTTLS\r\nRSET\r\nMAIL FROM:<evil@from.example>\r\n");
  EXPECT_THAT(peer.reply(), StartsWith("554 5.5.1"));
  EXPECT_TRUE(peer.closed());
}

TEST(smtp_catalogue, P_020_clear_octets_after_the_reply_break_the_handshake) {
  door_fixture door;
  smtp_peer peer = door.greeted("bound");
  ASSERT_THAT(peer.say("STARTTLS"), StartsWith("220 "));
  peer.send("RSET\r\n");
  EXPECT_TRUE(peer.closed());
}

TEST(smtp_catalogue, P_021_starttls_takes_no_argument) {
  door_fixture door;
  smtp_peer peer = door.greeted("bound");
  EXPECT_THAT(peer.say("STARTTLS now"), StartsWith("501 5.5.4"));
}

TEST(smtp_catalogue, P_022_starttls_is_not_offered_inside_tls) {
  door_fixture door;
  smtp_peer peer = door.connect("bound");
  EXPECT_THAT(peer.greet(), HasSubstr("STARTTLS"));
  ASSERT_THAT(peer.say("STARTTLS"), StartsWith("220 "));
  peer.start_tls();
  EXPECT_THAT(peer.say("EHLO client.example"), Not(HasSubstr("STARTTLS")));
  EXPECT_THAT(peer.say("STARTTLS"), StartsWith("503 5.5.1"));
}

TEST(smtp_catalogue, P_023_what_was_said_in_clear_is_forgotten) {
  door_fixture door;
  smtp_peer peer = door.greeted("bound");
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("STARTTLS"), StartsWith("220 "));
  peer.start_tls();
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("503 5.5.1"));
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("503 5.5.1"));
}

TEST(smtp_catalogue, P_024_no_password_in_clear) {
  door_fixture door;
  smtp_peer peer = door.connect("submission", "203.0.113.9");
  EXPECT_THAT(peer.greet(), Not(HasSubstr("AUTH")));
  const std::string plain = "AUTH PLAIN " + base64_encode(std::string_view{"\0shop\0secret", 12});
  EXPECT_THAT(peer.say(plain), AnyOf(StartsWith("530 5.7.0"), StartsWith("538 5.7.11")));
  EXPECT_THAT(peer.say("MAIL FROM:<a@shop.example>"), StartsWith("530 5.7.0"));
}

TEST(smtp_catalogue, P_030_a_silent_handshake_ends_at_its_deadline) {
  door_fixture door;
  smtp_peer peer = door.connect("smtps");
  door.advance(std::chrono::seconds{9});
  EXPECT_EQ(door.open_sessions(), 1U);
  door.advance(std::chrono::seconds{2});
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(door.open_sessions(), 0U);
}

TEST(smtp_door, implicit_tls_greets_inside_tls) {
  door_fixture door;
  smtp_peer peer = door.connect("smtps");
  peer.start_tls();
  EXPECT_THAT(peer.greet(), HasSubstr("AUTH PLAIN LOGIN"));
}

}  // namespace
}  // namespace stellwerk::test
