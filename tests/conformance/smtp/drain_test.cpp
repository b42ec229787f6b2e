// The end of the process, back-pressure and reload, seen by sessions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "tests/conformance/smtp/door_fixture.hpp"

namespace stellwerk::test {
namespace {

using testing::StartsWith;

const std::string message = "From: a@from.example\r\n\r\ntext\r\n";

void begin_drain(door_fixture& door) {
  door.pressure.start_draining();
  boost::asio::co_spawn(door.context, door.server.drain(std::chrono::steady_clock::now() + std::chrono::seconds{20}),
                        [](const std::exception_ptr&) {});
  door.context.restart();
  door.context.poll();
}

TEST(smtp_catalogue, P_173_idle_sessions_are_told_and_closed) {
  door_fixture door;
  smtp_peer idle = door.greeted();
  begin_drain(door);
  EXPECT_THAT(idle.reply(), StartsWith("421 4.3.2"));
  EXPECT_TRUE(idle.closed());
  smtp_peer late = door.connect();
  EXPECT_THAT(late.reply(), StartsWith("421 4.3.2"));
}

TEST(smtp_catalogue, P_173_a_transaction_is_finished_first) {
  door_fixture door;
  smtp_peer at_mail = door.greeted();
  ASSERT_THAT(at_mail.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  smtp_peer in_content = door.greeted();
  ASSERT_THAT(in_content.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  ASSERT_THAT(in_content.say("RCPT TO:<b@to.example>"), StartsWith("250 "));
  ASSERT_THAT(in_content.say("DATA"), StartsWith("354 "));
  in_content.send("From: a@from.example\r\n");
  begin_drain(door);
  EXPECT_THAT(in_content.say("\r\ntext\r\n."), StartsWith("250 2.0.0 queued as "));
  EXPECT_THAT(in_content.reply(), StartsWith("421 4.3.2"));
  EXPECT_TRUE(in_content.closed());
  EXPECT_THAT(at_mail.say("RCPT TO:<b@to.example>"), StartsWith("250 "));
  EXPECT_THAT(at_mail.say("DATA"), StartsWith("354 "));
  EXPECT_THAT(at_mail.say(message + "."), StartsWith("250 2.0.0 queued as "));
  EXPECT_THAT(at_mail.reply(), StartsWith("421 4.3.2"));
}

TEST(smtp_door, the_answer_waits_for_the_spool) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  door.spool.holds = true;
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("DATA"), StartsWith("354 "));
  peer.send(message + ".\r\n");
  door.advance(std::chrono::seconds{5});
  EXPECT_EQ(peer.rest(), "");
  door.spool.release();
  EXPECT_THAT(peer.reply(), StartsWith("250 2.0.0 queued as " + door.accepted().at(0).message.id.to_string()));
}

TEST(smtp_door, pressure_refuses_marketing_first) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  door.pressure.set_level(ingress::pressure_level::marketing_refused);
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, "X-Stellwerk-Stream: marketing\r\n" + message),
              StartsWith("452 4.3.1"));
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, message), StartsWith("250 "));
  door.pressure.set_level(ingress::pressure_level::closed);
  EXPECT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("452 4.3.1"));
  door.pressure.set_level(ingress::pressure_level::open);
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, message), StartsWith("250 "));
}

async::awaitable<void> admit_one(door_fixture& door) {
  static const ingress::client_config client = catalogue_settings().clients.front();
  mail::submission offered;
  offered.content = std::make_shared<const std::string>(message);
  offered.envelope.reverse_path = "a@from.example";
  offered.envelope.recipients = {{"b@to.example", {}}};
  offered.listener = "relay";
  const ingress::admission_answer answer = co_await door.admission().admit(std::move(offered), client);
  EXPECT_TRUE(std::holds_alternative<ingress::admitted>(answer));
}

// How many were accepted whenever other work of the loop, ready all the time, had its turn.
std::vector<std::size_t> accepted_between_other_work(bool long_line) {
  door_fixture door;
  door.pressure.set_long_line(long_line);
  std::vector<std::size_t> seen;
  std::function<void()> other_work = [&] {
    seen.push_back(door.accepted().size());
    if (seen.size() < 5) boost::asio::post(door.context, other_work);
  };
  for (int i = 0; i < 3; ++i) boost::asio::co_spawn(door.context, admit_one(door), [](const std::exception_ptr&) {});
  boost::asio::post(door.context, other_work);
  door.context.restart();
  door.context.poll();
  EXPECT_EQ(door.accepted().size(), 3U);
  return seen;
}

TEST(smtp_door, behind_a_long_line_messages_begin_one_a_round) {
  EXPECT_THAT(accepted_between_other_work(false), testing::ElementsAre(3, 3, 3, 3, 3));
  EXPECT_THAT(accepted_between_other_work(true), testing::ElementsAre(0, 1, 2, 3, 3));
}

TEST(smtp_door, a_reload_reaches_open_sessions_between_transactions) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  auto settings = catalogue_settings();
  settings.clients[0].recipients = {"@allowed.example"};
  door.publish(settings);
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("RSET"), StartsWith("250 "));
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("550 5.7.1"));
  EXPECT_THAT(peer.say("RCPT TO:<b@allowed.example>"), StartsWith("250 "));
}

TEST(smtp_door, a_client_that_is_gone_is_a_stranger_after_the_reload) {
  door_fixture door;
  smtp_peer peer = door.authenticated();
  auto settings = catalogue_settings();
  settings.clients.pop_back();
  door.publish(settings);
  EXPECT_THAT(peer.say("MAIL FROM:<a@shop.example>"), StartsWith("530 5.7.0"));
}

}  // namespace
}  // namespace stellwerk::test
