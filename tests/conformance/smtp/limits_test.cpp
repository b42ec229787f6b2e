// Catalogue B1.3: limits of number, length and time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/smtp/door_fixture.hpp"

namespace stellwerk::test {
namespace {

using testing::AnyOf;
using testing::StartsWith;

const std::string message = "From: a@from.example\r\n\r\ntext\r\n";

TEST(smtp_catalogue, P_049_command_length) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.say("NOOP " + std::string(2041, 'x')), StartsWith("250 "));  // 2048 octets with CRLF
  EXPECT_THAT(peer.say("NOOP " + std::string(2042, 'x')), StartsWith("500 5.5.2"));
  EXPECT_THAT(peer.say("NOOP " + std::string(10'000'000, 'x')), StartsWith("500 5.5.2"));
  EXPECT_THAT(peer.say("NOOP"), StartsWith("250 "));
}

TEST(smtp_catalogue, P_050_content_line_length) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, message + std::string(998, 'x') + "\r\n"),
              StartsWith("250 "));
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, message + std::string(999, 'x') + "\r\n"),
              StartsWith("554 5.6.0"));
  EXPECT_EQ(door.accepted().size(), 1U);
}

TEST(smtp_catalogue, P_051_commands_that_are_not_utf8) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.say("MAIL FROM:<\xff\xfe@from.example>"), AnyOf(StartsWith("501 "), StartsWith("500 5.5.2")));
  EXPECT_THAT(peer.say("NOOP"), StartsWith("250 "));
}

TEST(smtp_catalogue, P_052_nul_in_a_command) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.say(std::string_view{"MAIL FROM:<a@b\0.evil>", 21}),
              AnyOf(StartsWith("501 "), StartsWith("500 5.5.2")));
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("503 5.5.1"));
}

TEST(smtp_catalogue, P_054_unknown_commands_end_the_session) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  for (int i = 0; i < 20; ++i) EXPECT_THAT(peer.say("WHAT"), StartsWith("500 "));
  EXPECT_THAT(peer.say("WHAT"), StartsWith("421 4.7.0"));
  EXPECT_TRUE(peer.closed());
}

TEST(smtp_catalogue, P_055_junk_commands_end_the_session) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  std::string last;
  int answered = 0;
  while (answered < 1000 && !(last = peer.say("NOOP")).starts_with("421 4.7.0")) ++answered;
  EXPECT_EQ(answered, 100);
  EXPECT_TRUE(peer.closed());
}

TEST(smtp_catalogue, P_057_recipients_beyond_the_limit_wait_for_another_transaction) {
  auto settings = catalogue_settings();
  settings.smtp[0].recipients_max = 100;
  door_fixture door{settings};
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  for (int i = 0; i < 100; ++i)
    ASSERT_THAT(peer.say("RCPT TO:<user" + std::to_string(i) + "@to.example>"), StartsWith("250 "));
  EXPECT_THAT(peer.say("RCPT TO:<one-more@to.example>"), StartsWith("452 4.5.3"));
  ASSERT_THAT(peer.say("DATA"), StartsWith("354 "));
  EXPECT_THAT(peer.say(message + "."), StartsWith("250 "));
  EXPECT_EQ(door.accepted().at(0).recipients.size(), 100U);
}

TEST(smtp_catalogue, P_058_address_lengths) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  EXPECT_THAT(peer.say("RCPT TO:<" + std::string(64, 'l') + "@to.example>"), StartsWith("250 "));
  EXPECT_THAT(peer.say("RCPT TO:<" + std::string(65, 'l') + "@to.example>"),
              AnyOf(StartsWith("501 5.1.3"), StartsWith("553 5.1.3")));
  const auto path_of = [](std::size_t domain_octets, std::size_t local_octets) {
    std::string domain = "x.example";
    while (domain.size() + 60 < domain_octets) domain = std::string(59, 'd') + "." + domain;
    domain = std::string(domain_octets - domain.size() - 1, 'e') + "." + domain;
    return std::string(local_octets, 'l') + "@" + domain;
  };
  const auto too_long = AnyOf(StartsWith("501 5.1."), StartsWith("553 5.1.3"));
  EXPECT_THAT(peer.say("RCPT TO:<" + path_of(189, 64) + ">"), StartsWith("250 "));  // 256 octets with its brackets
  EXPECT_THAT(peer.say("RCPT TO:<" + path_of(192, 64) + ">"), too_long);
  EXPECT_THAT(peer.say("RCPT TO:<" + path_of(252, 1) + ">"), StartsWith("250 "));
  EXPECT_THAT(peer.say("RCPT TO:<" + path_of(256, 1) + ">"), too_long);
}

TEST(smtp_catalogue, P_059_connections_beyond_the_limits_are_told_so) {
  auto settings = catalogue_settings();
  settings.smtp[0].connections_per_client = 3;
  settings.smtp[0].connections_max = 5;
  door_fixture door{settings};
  std::vector<smtp_peer> open;
  for (int i = 0; i < 3; ++i) open.push_back(door.greeted());
  for (int i = 0; i < 10; ++i) {
    smtp_peer extra = door.connect();
    EXPECT_THAT(extra.reply(), AnyOf(StartsWith("421 4.7.0"), StartsWith("421 4.3.2")));
    EXPECT_TRUE(extra.closed());
  }
  open.push_back(door.connect("relay", "10.9.9.9"));
  EXPECT_THAT(open.back().reply(), StartsWith("220 "));
  open.push_back(door.connect("relay", "10.9.9.8"));
  EXPECT_THAT(open.back().reply(), StartsWith("220 "));
  smtp_peer over_all = door.connect("relay", "10.9.9.7");
  EXPECT_THAT(over_all.reply(), StartsWith("421 4.3.2"));

  EXPECT_THAT(open.front().say("QUIT"), StartsWith("221 "));
  EXPECT_TRUE(open.front().closed());
  smtp_peer next = door.connect();
  EXPECT_THAT(next.reply(), StartsWith("220 "));
}

TEST(smtp_catalogue, P_060_an_idle_session_is_closed) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  door.advance(std::chrono::minutes{4});
  peer.send("NO");  // octet by octet is idle as well
  EXPECT_EQ(door.open_sessions(), 1U);
  door.advance(std::chrono::seconds{61});
  EXPECT_THAT(peer.reply(), StartsWith("421 4.4.2"));
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(door.open_sessions(), 0U);
}

TEST(smtp_catalogue, P_060_content_that_drips_is_cut) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("DATA"), StartsWith("354 "));
  for (int i = 0; i < 7; ++i) {
    door.advance(std::chrono::seconds{10});
    peer.send("x");
  }
  EXPECT_THAT(peer.reply(), StartsWith("421 4.4.2"));
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(door.open_sessions(), 0U);
}

TEST(smtp_catalogue, P_060_content_that_stops_is_cut) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("DATA"), StartsWith("354 "));
  door.advance(std::chrono::seconds{181});
  EXPECT_THAT(peer.reply(), StartsWith("421 4.4.2"));
}

TEST(smtp_door, a_steady_slow_sender_is_served) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("DATA"), StartsWith("354 "));
  peer.send("From: a@from.example\r\n\r\n");
  for (int i = 0; i < 30; ++i) {
    door.advance(std::chrono::seconds{5});
    peer.send(std::string(598, 'x') + "\r\n");
  }
  EXPECT_THAT(peer.say("."), StartsWith("250 "));
}

TEST(smtp_catalogue, P_063_a_failing_store_keeps_the_session) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  door.spool.failure = error{errc::store_failed, "spool.sync"};
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, message), StartsWith("451 4.3.0"));
  door.spool.failure = error{errc::store_full, "spool.append"};
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, message), StartsWith("452 4.3.1"));
  door.spool.failure.reset();
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, message), StartsWith("250 "));
}

TEST(smtp_catalogue, P_171_content_beyond_the_memory_is_shed_before_it_is_kept) {
  door_fixture door;
  std::string large = message;
  while (large.size() < 900'000) large += std::string(70, 'x') + "\r\n";
  std::vector<smtp_peer> peers;
  for (int i = 0; i < 4; ++i) {
    peers.push_back(door.greeted());
    static_cast<void>(peers.back().say("MAIL FROM:<a@from.example>"));
    static_cast<void>(peers.back().say("RCPT TO:<b@to.example>"));
    EXPECT_THAT(peers.back().say("DATA"), StartsWith("354 "));
    peers.back().send(large);
  }
  for (int i = 0; i < 3; ++i) {
    peers[i].send(".\r\n");
    EXPECT_THAT(peers[i].reply(), StartsWith("250 "));
  }
  peers[3].send(".\r\n");
  EXPECT_THAT(peers[3].reply(), StartsWith("452 4.3.1"));
  EXPECT_EQ(door.accepted().size(), 3U);
  EXPECT_EQ(door.memory->bytes(), 0U) << "given back with the answer";
  EXPECT_THAT(peers[3].send_message("a@from.example", {"b@to.example"}, large), StartsWith("250 "));
}

TEST(smtp_catalogue, P_171_a_connection_that_ends_in_its_content_gives_its_memory_back) {
  door_fixture door;
  {
    smtp_peer peer = door.greeted();
    static_cast<void>(peer.say("MAIL FROM:<a@from.example>"));
    static_cast<void>(peer.say("RCPT TO:<b@to.example>"));
    EXPECT_THAT(peer.say("DATA"), StartsWith("354 "));
    peer.send(message);
    static_cast<void>(run_until(
        door.context, [&] { return door.memory->bytes() > 0; }, std::chrono::seconds{5}));
    EXPECT_GT(door.memory->bytes(), 0U);
    peer.close();
  }
  static_cast<void>(run_until(
      door.context, [&] { return door.open_sessions() == 0; }, std::chrono::seconds{5}));
  EXPECT_EQ(door.memory->bytes(), 0U);
}

}  // namespace
}  // namespace stellwerk::test
