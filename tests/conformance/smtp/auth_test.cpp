// Catalogue B1.4: AUTH. scrypt runs with a tiny cost here; its timing is a unit test of the directory.
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

smtp_peer encrypted(door_fixture& door) {
  smtp_peer peer = door.greeted("submission", "203.0.113.9");
  static_cast<void>(peer.say("STARTTLS"));
  peer.start_tls();
  EXPECT_THAT(peer.say("EHLO client.example"), HasSubstr("AUTH PLAIN LOGIN"));
  return peer;
}

std::string plain(std::string_view username, std::string_view password, std::string_view for_whom = {}) {
  std::string message{for_whom};
  message += '\0';
  message += username;
  message += '\0';
  message += password;
  return "AUTH PLAIN " + base64_encode(message);
}

TEST(smtp_catalogue, P_070_right_wrong_and_unknown) {
  door_fixture door;
  smtp_peer peer = encrypted(door);
  const std::string wrong = peer.say(plain("shop", "guess"));
  EXPECT_THAT(wrong, StartsWith("535 5.7.8"));
  EXPECT_EQ(peer.say(plain("nobody", "guess")), wrong);
  EXPECT_THAT(peer.say(plain("shop", "secret")), StartsWith("235 2.7.0"));
  EXPECT_THAT(peer.send_message("a@shop.example", {"b@to.example"}, "From: a@shop.example\r\n\r\ntext\r\n"),
              StartsWith("250 2.0.0 queued as "));
  EXPECT_EQ(door.accepted().at(0).message.client, "shop");
  EXPECT_EQ(door.accepted()[0].message.tenant, "acme");
}

TEST(smtp_catalogue, P_070_login_in_steps) {
  door_fixture door;
  smtp_peer peer = encrypted(door);
  EXPECT_EQ(peer.say("AUTH LOGIN"), "334 VXNlcm5hbWU6\r\n");
  EXPECT_EQ(peer.say(base64_encode("shop")), "334 UGFzc3dvcmQ6\r\n");
  EXPECT_THAT(peer.say(base64_encode("secret")), StartsWith("235 2.7.0"));
}

TEST(smtp_catalogue, P_070_plain_without_initial_response) {
  door_fixture door;
  smtp_peer peer = encrypted(door);
  EXPECT_EQ(peer.say("AUTH PLAIN"), "334 \r\n");
  EXPECT_THAT(peer.say(plain("shop", "secret").substr(11)), StartsWith("235 2.7.0"));
}

TEST(smtp_catalogue, P_071_faults_of_the_exchange) {
  door_fixture door;
  smtp_peer peer = encrypted(door);
  EXPECT_THAT(peer.say("AUTH PLAIN !!!"), StartsWith("501 5.5.2"));
  EXPECT_THAT(peer.say("AUTH LOGIN"), StartsWith("334 "));
  EXPECT_THAT(peer.say("*"), StartsWith("501 "));
  EXPECT_THAT(peer.say("AUTH GSSAPI"), StartsWith("504 5.5.4"));
  EXPECT_THAT(peer.say("AUTH PLAIN " + std::string(12289 - 13, 'A')), StartsWith("500 5.5.6"));
  EXPECT_THAT(peer.say("AUTH PLAIN"), StartsWith("334 "));
  EXPECT_THAT(peer.say(std::string(12289 - 2, 'A')), StartsWith("500 5.5.6"));
  EXPECT_THAT(peer.say("AUTH PLAIN"), StartsWith("334 "));
  EXPECT_THAT(peer.say(std::string(100'000, 'A')), StartsWith("500 5.5.6"));
  EXPECT_THAT(peer.say(plain("shop", "secret")), StartsWith("235 "));
  EXPECT_THAT(peer.say(plain("shop", "secret")), StartsWith("503 5.5.1"));
}

TEST(smtp_catalogue, P_071_no_auth_inside_a_transaction) {
  door_fixture door;
  smtp_peer peer = door.greeted("bound");
  static_cast<void>(peer.say("STARTTLS"));
  peer.start_tls();
  static_cast<void>(peer.say("EHLO client.example"));
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  EXPECT_THAT(peer.say(plain("shop", "secret")), StartsWith("503 5.5.1"));
}

TEST(smtp_catalogue, P_072_guessing_ends_the_session_and_slows_down) {
  door_fixture door;
  smtp_peer peer = encrypted(door);
  for (int i = 0; i < 2; ++i) EXPECT_THAT(peer.say(plain("shop", "guess")), StartsWith("535 "));
  for (int i = 2; i < 4; ++i) {
    peer.send(plain("shop", "guess") + "\r\n");
    const bool early = run_until(
        door.context, [&] { return !peer.rest().empty(); }, std::chrono::milliseconds{200});
    EXPECT_FALSE(early) << "the answer was not delayed";
    door.advance(std::chrono::seconds{3});
    EXPECT_THAT(peer.reply(), StartsWith("535 "));
  }
  peer.send(plain("shop", "guess") + "\r\n");
  static_cast<void>(run_until(
      door.context, [] { return false; }, std::chrono::milliseconds{100}));
  door.advance(std::chrono::seconds{3});
  EXPECT_THAT(peer.reply(), StartsWith("421 4.7.0"));
  EXPECT_TRUE(peer.closed());
  smtp_peer owner = encrypted(door);
  EXPECT_THAT(owner.say(plain("shop", "secret")), StartsWith("235 "));  // at once
}

TEST(smtp_catalogue, P_074_an_authenticated_client_sends_with_its_own_addresses) {
  door_fixture door;
  smtp_peer peer = door.authenticated();
  EXPECT_THAT(peer.say("MAIL FROM:<a@other.example>"), AnyOf(StartsWith("553 5.7.1"), StartsWith("550 5.7.1")));
  EXPECT_THAT(peer.send_message("a@shop.example", {"b@to.example"}, "From: a@other.example\r\n\r\ntext\r\n"),
              AnyOf(StartsWith("553 5.7.1"), StartsWith("550 5.7.1")));
  EXPECT_THAT(
      peer.send_message("a@shop.example", {"b@to.example"}, "From: a@shop.example, x@other.example\r\n\r\ntext\r\n"),
      AnyOf(StartsWith("553 5.7.1"), StartsWith("550 5.7.1")));
  EXPECT_TRUE(door.accepted().empty());
}

TEST(smtp_catalogue, P_075_submission_needs_auth) {
  door_fixture door;
  smtp_peer peer = encrypted(door);
  EXPECT_THAT(peer.say("MAIL FROM:<a@shop.example>"), StartsWith("530 5.7.0"));
}

TEST(smtp_catalogue, P_076_malformed_plain_messages) {
  door_fixture door;
  smtp_peer peer = encrypted(door);
  EXPECT_THAT(peer.say("AUTH PLAIN " + base64_encode("shop")), StartsWith("501 5.5.2"));
  EXPECT_THAT(peer.say("AUTH PLAIN " + base64_encode(std::string_view{"\0shop\0secret\0more", 17})),
              StartsWith("501 5.5.2"));
  EXPECT_THAT(peer.say(plain("shop", "secret", "victim")), StartsWith("535 5.7.8"));
}

}  // namespace
}  // namespace stellwerk::test
