// Catalogue B1.6, what the SMTP door decides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/smtp/door_fixture.hpp"

namespace stellwerk::test {
namespace {

using testing::AnyOf;
using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string offer(door_fixture& door, const std::string& content) {
  smtp_peer peer = door.greeted();
  return peer.send_message("a@from.example", {"b@to.example"}, content);
}

std::string submit(door_fixture& door, const std::string& content) {
  smtp_peer peer = door.authenticated();
  return peer.send_message("a@shop.example", {"b@to.example", "hidden@to.example"}, content);
}

TEST(smtp_catalogue, P_102_fields_that_stand_twice_are_refused) {
  door_fixture door;
  for (const std::string field :
       {"From: x@from.example", "Subject: x", "Date: Sat, 31 Jan 2026 08:15:00 +0000", "To: x@to.example"}) {
    const std::string content =
        "From: a@from.example\r\nSubject: a\r\nDate: Sat, 31 Jan 2026 08:15:00 +0000\r\n"
        "To: b@to.example\r\n" +
        field + "\r\n\r\ntext\r\n";
    EXPECT_THAT(offer(door, content), AnyOf(StartsWith("550 5.6.0"), StartsWith("554 5.6.0"))) << field;
  }
  EXPECT_TRUE(door.accepted().empty());
}

TEST(smtp_catalogue, P_103_submission_adds_date_and_message_id) {
  door_fixture door;
  EXPECT_THAT(submit(door, "From: a@shop.example\r\n\r\ntext\r\n"), StartsWith("250 "));
  EXPECT_THAT(door.content(), HasSubstr("\r\nDate: "));
  EXPECT_THAT(door.content(), ContainsRegex("\r\nMessage-ID: <[0-9A-Z]{26}@gw-1.example>\r\n"));
  EXPECT_THAT(submit(door,
                     "From: a@shop.example\r\nDate: Sat, 31 Jan 2026 08:15:00 +0000\r\n"
                     "Message-ID: <own@shop.example>\r\n\r\ntext\r\n"),
              StartsWith("250 "));
  EXPECT_THAT(door.content(1), EndsWith("From: a@shop.example\r\nDate: Sat, 31 Jan 2026 08:15:00 +0000\r\n"
                                        "Message-ID: <own@shop.example>\r\n\r\ntext\r\n"));
}

TEST(smtp_catalogue, P_103_submission_needs_from) {
  door_fixture door;
  EXPECT_THAT(submit(door, "Subject: x\r\n\r\ntext\r\n"), AnyOf(StartsWith("550 5.6.0"), StartsWith("554 5.6.0")));
}

TEST(smtp_catalogue, P_103_relay_adds_only_received) {
  door_fixture door;
  const std::string content = "Subject: x\r\nBcc: c@to.example\r\n\r\ntext\r\n";
  EXPECT_THAT(offer(door, content), StartsWith("250 "));
  EXPECT_THAT(door.content(), StartsWith("Received: from client.example ([10.1.2.3])"));
  EXPECT_THAT(door.content(), HasSubstr(" by gw-1.example with ESMTP id"));
  EXPECT_THAT(door.content(), HasSubstr(door.accepted()[0].message.id.to_string() + " for <b@to.example>;"));
  EXPECT_THAT(door.content(), EndsWith(content));
  EXPECT_EQ(door.content().find("Subject"), door.content().size() - content.size());
}

TEST(smtp_catalogue, P_104_submission_removes_bcc) {
  door_fixture door;
  EXPECT_THAT(submit(door, "From: a@shop.example\r\nBcc: hidden@to.example,\r\n\tother@to.example\r\n\r\ntext\r\n"),
              StartsWith("250 "));
  EXPECT_EQ(door.accepted().at(0).recipients.size(), 2U);
  EXPECT_THAT(door.content(), Not(HasSubstr("Bcc")));
  EXPECT_THAT(door.content(), Not(HasSubstr("hidden@to.example")));
}

TEST(smtp_catalogue, P_105_header_sections_beyond_all_measure) {
  door_fixture door;
  std::string long_section = "From: a@from.example\r\n";
  while (long_section.size() < 301'000) long_section += "X-Filler: " + std::string(900, 'x') + "\r\n";
  EXPECT_THAT(offer(door, long_section + "\r\ntext\r\n"), AnyOf(StartsWith("552 5.3.4"), StartsWith("554 5.6.0")));
  std::string many_fields = "From: a@from.example\r\n";
  for (int i = 0; i < 10'001; ++i) many_fields += "X-F: x\r\n";
  EXPECT_THAT(offer(door, many_fields + "\r\ntext\r\n"), AnyOf(StartsWith("552 5.3.4"), StartsWith("554 5.6.0")));
}

std::string with_received(int count, const std::string& by) {
  std::string content;
  for (int i = 0; i < count; ++i)
    content += "Received: from x by " + by + " with ESMTP id 1;\r\n\tSat, 31 Jan 2026 08:15:00 +0000\r\n";
  return content + "From: a@from.example\r\n\r\ntext\r\n";
}

TEST(smtp_catalogue, P_107_hops_are_counted) {
  door_fixture door;
  EXPECT_THAT(offer(door, with_received(25, "mx.other.example")), StartsWith("250 "));
  EXPECT_THAT(offer(door, with_received(100, "mx.other.example")), StartsWith("250 "));
  EXPECT_THAT(offer(door, with_received(101, "mx.other.example")), StartsWith("554 5.4.6"));
}

TEST(smtp_catalogue, P_108_passes_through_this_node_are_counted) {
  door_fixture door;
  EXPECT_THAT(offer(door, with_received(24, "gw-1.example")), StartsWith("250 "));
  EXPECT_THAT(offer(door, with_received(25, "gw-1.example")), StartsWith("554 5.4.6"));
}

TEST(smtp_catalogue, P_109_eight_bit_content_is_known_as_such_declared_or_not) {
  door_fixture door;
  EXPECT_THAT(offer(door, "From: a@from.example\r\n\r\nGr\xc3\xbc\xc3\x9f\x65\r\n"), StartsWith("250 "));
  EXPECT_THAT(offer(door, "From: a@from.example\r\n\r\nHello\r\n"), StartsWith("250 "));
  EXPECT_TRUE(door.accepted().at(0).message.body_8bitmime);
  EXPECT_FALSE(door.accepted().at(1).message.body_8bitmime);
}

TEST(smtp_catalogue, P_118_odd_shapes_have_a_verdict) {
  door_fixture door;
  EXPECT_THAT(offer(door, ""), StartsWith("250 "));
  EXPECT_THAT(offer(door, "From: a@from.example\r\n"), StartsWith("250 "));
  EXPECT_THAT(offer(door, "\r\nbody only\r\n"), StartsWith("250 "));
  EXPECT_THAT(door.content(2), EndsWith("\r\n\r\nbody only\r\n"));
  EXPECT_THAT(offer(door, "From: a@from.example\r\nno blank line and no field\r\n"), StartsWith("550 5.6.0"));
}

}  // namespace
}  // namespace stellwerk::test
