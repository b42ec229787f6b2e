// Catalogue P-117 and contracts section 3: the X-Stellwerk-* fields; idempotency keys.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/smtp/door_fixture.hpp"

namespace stellwerk::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string offer(door_fixture& door, const std::string& fields, std::vector<std::string> to = {"b@to.example"},
                  std::string_view ip = "10.1.2.3") {
  smtp_peer peer = door.greeted("relay", ip);
  return peer.send_message("a@from.example", to, "From: a@from.example\r\n" + fields + "\r\ntext\r\n");
}

TEST(smtp_catalogue, P_117_control_fields_of_strangers_are_removed_and_ignored) {
  door_fixture door;
  EXPECT_THAT(offer(door,
                    "X-Stellwerk-Stream: marketing\r\nX-Stellwerk-Tags: otp\r\nX-Stellwerk-Send-At: nonsense\r\n"
                    "x-stellwerk-anything: 1\r\n",
                    {"b@to.example"}, "192.168.1.1"),
              StartsWith("250 "));
  const auto& taken = door.accepted().at(0);
  EXPECT_TRUE(taken.message.tags.empty());
  EXPECT_NE(taken.message.stream_source, mail::stream_source::explicit_choice);
  EXPECT_THAT(door.content(), Not(HasSubstr("tellwerk-")));
}

TEST(smtp_door, control_fields_steer_and_are_removed) {
  door_fixture door;
  EXPECT_THAT(offer(door,
                    "X-Stellwerk-Stream: marketing\r\nX-Stellwerk-Campaign: spring\r\nX-Stellwerk-Tags: a, b\r\n"
                    "X-Stellwerk-Metadata: order=17\r\nX-Stellwerk-Metadata: shop=de\r\n"
                    "X-Stellwerk-Lifetime: 2h\r\n"),
              StartsWith("250 "));
  const auto& taken = door.accepted().at(0).message;
  EXPECT_EQ(taken.stream, mail::traffic_stream::marketing);
  EXPECT_EQ(taken.stream_source, mail::stream_source::explicit_choice);
  EXPECT_EQ(taken.campaign, "spring");
  EXPECT_THAT(taken.tags, ElementsAre("a", "b"));
  EXPECT_EQ(taken.metadata, (std::map<std::string, std::string>{{"order", "17"}, {"shop", "de"}}));
  EXPECT_EQ(taken.expires - taken.accepted, std::chrono::hours{2});
  EXPECT_THAT(door.content(), Not(HasSubstr("X-Stellwerk")));
}

TEST(smtp_door, send_at_schedules) {
  door_fixture door;
  const time_point at = door.time.now() + std::chrono::hours{3};
  EXPECT_THAT(offer(door, "X-Stellwerk-Send-At: " + to_rfc3339(at) + "\r\nX-Stellwerk-Lifetime: 30m\r\n"),
              StartsWith("250 "));
  const auto& taken = door.accepted().at(0);
  EXPECT_EQ(taken.recipients.at(0).state, mail::recipient_state::scheduled);
  EXPECT_EQ(taken.recipients[0].due, at);
  EXPECT_EQ(taken.message.expires, at + std::chrono::minutes{30});
}

TEST(smtp_door, a_bad_control_value_is_refused_by_name) {
  door_fixture door;
  const std::vector<std::string> bad{
      "Stream: sideways", "Send-At: tomorrow", "Send-At: 2099-01-01T00:00:00Z",
      "Lifetime: soon",   "Lifetime: 0s",      "Metadata: no-equals",
      "Metadata: a b=c",  "Tags: a,,b",        "Idempotency-Key: " + std::string(256, 'k'),
      "Campaign:"};
  for (const std::string& field : bad) {
    const std::string answer = offer(door, "X-Stellwerk-" + field + "\r\n");
    EXPECT_THAT(answer, StartsWith("550 5.6.0 X-Stellwerk-" + field.substr(0, field.find(':')))) << field;
  }
  EXPECT_THAT(offer(door, "X-Stellwerk-Stream: marketing\r\nX-Stellwerk-Stream: transactional\r\n"),
              StartsWith("550 5.6.0 X-Stellwerk-Stream"));
  EXPECT_TRUE(door.accepted().empty());
}

TEST(smtp_door, the_same_key_and_message_is_one_message) {
  door_fixture door;
  const std::string key = "X-Stellwerk-Idempotency-Key: order-17\r\n";
  const std::string first = offer(door, key);
  EXPECT_EQ(offer(door, key), first);
  EXPECT_EQ(offer(door, "Received: from elsewhere; Sat, 31 Jan 2026 08:15:00 +0000\r\n" + key), first);
  EXPECT_EQ(door.accepted().size(), 1U);
  EXPECT_THAT(offer(door, key + "Subject: another\r\n"), StartsWith("554 5.6.0"));
}

TEST(smtp_door, a_split_message_with_one_key_gains_recipients) {
  door_fixture door;
  const std::string key = "X-Stellwerk-Idempotency-Key: order-17\r\n";
  const std::string first = offer(door, key, {"b@to.example"});
  EXPECT_EQ(offer(door, key, {"b@to.example", "c@to.example"}), first);
  ASSERT_EQ(door.accepted().size(), 1U);
  EXPECT_EQ(door.accepted()[0].recipients.size(), 2U);
}

TEST(smtp_door, a_clients_rate_is_kept) {
  auto settings = catalogue_settings();
  settings.clients[0].rate_per_second = 2;
  door_fixture door{settings};
  EXPECT_THAT(offer(door, ""), StartsWith("250 "));
  EXPECT_THAT(offer(door, ""), StartsWith("250 "));
  EXPECT_THAT(offer(door, ""), StartsWith("450 4.7.1"));
  door.advance(std::chrono::seconds{1});
  EXPECT_THAT(offer(door, ""), StartsWith("250 "));
}

}  // namespace
}  // namespace stellwerk::test
