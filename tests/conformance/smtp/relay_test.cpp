// Catalogue B1.5: who may relay, and which addresses are addresses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/conformance/smtp/door_fixture.hpp"

namespace stellwerk::test {
namespace {

using testing::AnyOf;
using testing::StartsWith;

struct relay_form {
  const char* sender;
  const char* recipient;
};
// The forms of nmap's smtp-open-relay.
constexpr relay_form relay_forms[] = {
    {"", "relaytest@nmap.example"},
    {"antispam@gw-1.example", "relaytest@nmap.example"},
    {"antispam@[10.0.0.1]", "relaytest@nmap.example"},
    {"antispam@gw-1.example", "relaytest%nmap.example@[10.0.0.1]"},
    {"antispam@gw-1.example", "relaytest%nmap.example@gw-1.example"},
    {"antispam@gw-1.example", "\"relaytest@nmap.example\""},
    {"antispam@gw-1.example", "\"relaytest%nmap.example\""},
    {"antispam@gw-1.example", "relaytest@nmap.example@[10.0.0.1]"},
    {"antispam@gw-1.example", "\"relaytest@nmap.example\"@[10.0.0.1]"},
    {"antispam@gw-1.example", "relaytest@nmap.example@gw-1.example"},
    {"antispam@gw-1.example", "@[10.0.0.1]:relaytest@nmap.example"},
    {"antispam@gw-1.example", "@gw-1.example:relaytest@nmap.example"},
    {"antispam@gw-1.example", "nmap.example!relaytest"},
    {"antispam@gw-1.example", "nmap.example!relaytest@[10.0.0.1]"},
    {"antispam@gw-1.example", "nmap.example!relaytest@gw-1.example"},
    {"antispam", "relaytest@nmap.example"},
};

TEST(smtp_catalogue, P_080_strangers_relay_nothing) {
  door_fixture door;
  for (const relay_form& form : relay_forms) {
    smtp_peer peer = door.greeted("relay", "203.0.113.5");
    const std::string sender = peer.say("MAIL FROM:<" + std::string{form.sender} + ">");
    const std::string answer = peer.say("RCPT TO:<" + std::string{form.recipient} + ">");
    if (sender.starts_with("250 ")) {
      EXPECT_THAT(answer, AnyOf(StartsWith("550 5.7.1"), StartsWith("554 5.7.1"), StartsWith("501 5.1.3")))
          << form.recipient;
    } else {
      EXPECT_THAT(sender, StartsWith("501 "));
      EXPECT_THAT(answer, StartsWith("503 "));
    }
    EXPECT_THAT(peer.say("DATA"), StartsWith("5"));
  }
  EXPECT_TRUE(door.accepted().empty());
}

TEST(smtp_door, allow_networks_come_before_the_clients) {
  auto settings = catalogue_settings();
  settings.smtp[0].allow_networks = {"10.5.0.0/16"};
  door_fixture door{settings};
  smtp_peer outside = door.greeted("relay", "10.1.2.3");
  ASSERT_THAT(outside.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  EXPECT_THAT(outside.say("RCPT TO:<b@to.example>"), StartsWith("554 5.7.1"));
  smtp_peer inside = door.greeted("relay", "10.5.2.3");
  ASSERT_THAT(inside.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  EXPECT_THAT(inside.say("RCPT TO:<b@to.example>"), StartsWith("250 "));
}

TEST(smtp_catalogue, P_081_a_source_route_is_stripped) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("RCPT TO:<@evil.example,@b.example:user@served.example>"), StartsWith("250 "));
  ASSERT_THAT(peer.say("DATA"), StartsWith("354 "));
  ASSERT_THAT(peer.say("From: a@from.example\r\n\r\n."), StartsWith("250 "));
  EXPECT_EQ(door.accepted().at(0).recipients.at(0).address, "user@served.example");
}

TEST(smtp_catalogue, P_082_to_084_local_parts_are_opaque) {
  door_fixture door;
  const std::vector<std::string> opaque{"user%evil.example@served.example", "evil.example!user@served.example",
                                        "\"user@evil.example\"@served.example", "\"a b\"@served.example",
                                        "\"a\\\"b\"@served.example"};
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.send_message("a@from.example", opaque, "From: a@from.example\r\n\r\ntext\r\n"), StartsWith("250 "));
  ASSERT_EQ(door.accepted().at(0).recipients.size(), opaque.size());
  for (std::size_t i = 0; i < opaque.size(); ++i) EXPECT_EQ(door.accepted()[0].recipients[i].address, opaque[i]);
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  EXPECT_THAT(peer.say("RCPT TO:<evil.example!user>"), AnyOf(StartsWith("501 5.1.3"), StartsWith("553 ")));
}

TEST(smtp_catalogue, P_085_one_path_is_one_recipient) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM: <a@from.example>"), StartsWith("250 "));  // the blank is tolerated
  for (const char* path :
       {"<a@x.example,b@y.example>", "<a@x.example> <b@y.example>", "<a@x.example>,<b@y.example>", "a@x.example"}) {
    EXPECT_THAT(peer.say("RCPT TO:" + std::string{path}), StartsWith("501 5.1.3")) << path;
  }
}

TEST(smtp_catalogue, P_086_and_087_domains_are_host_names) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  for (const char* address : {"u@[127.0.0.1]", "u@[IPv6:::1]", "u@[169.254.169.254]", "u@served.example:25",
                              "u@a..b.example", "u@-a.example", "u@a_b.example", "u@0x7f.1"}) {
    EXPECT_THAT(peer.say("RCPT TO:<" + std::string{address} + ">"),
                AnyOf(StartsWith("501 5.1.2"), StartsWith("501 5.1.3"), StartsWith("550 5.1.2")))
        << address;
  }
}

TEST(smtp_catalogue, P_088_and_089_addresses_that_are_not_ascii) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example>"), StartsWith("250 "));
  EXPECT_THAT(peer.say("RCPT TO:<j\xc3\xb6rg@to.example>"), StartsWith("553 5.6.7"));
  ASSERT_THAT(peer.say("RSET"), StartsWith("250 "));
  ASSERT_THAT(peer.say("MAIL FROM:<a@from.example> SMTPUTF8"), StartsWith("250 "));
  EXPECT_THAT(peer.say("RCPT TO:<j\xc3\xb6rg@b\xc3\xbc"
                       "cher.example>"),
              StartsWith("250 "));
  ASSERT_THAT(peer.say("DATA"), StartsWith("354 "));
  ASSERT_THAT(peer.say("From: a@from.example\r\n\r\n."), StartsWith("250 "));
  EXPECT_EQ(door.accepted().at(0).recipients.at(0).address, "j\xc3\xb6rg@xn--bcher-kva.example");
}

TEST(smtp_catalogue, P_114_a_refused_recipient_is_refused_at_the_door_or_settled_with_the_others) {
  door_fixture door;
  smtp_peer peer = door.greeted();
  EXPECT_THAT(peer.send_message("a@from.example", {"x@refused.example", "b@to.example"},
                                "From: a@from.example\r\n\r\ntext\r\n"),
              StartsWith("250 "));
  const auto& rows = door.accepted().at(0).recipients;
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].state, mail::recipient_state::refused);
  EXPECT_EQ(rows[0].enhanced_status, "5.7.1");
  EXPECT_THAT(rows[0].reason, testing::HasSubstr("no-such-place"));
  EXPECT_EQ(rows[1].state, mail::recipient_state::ready);
  const std::string all = peer.send_message("a@from.example", {"x@refused.example", "y@refused.example"},
                                            "From: a@from.example\r\n\r\ntext\r\n");
  EXPECT_THAT(all, StartsWith("550 5.7.1"));
  EXPECT_THAT(all, testing::HasSubstr("no-such-place"));
  EXPECT_EQ(door.accepted().size(), 1U);
}

TEST(smtp_catalogue, P_114_reports_go_only_to_senders_that_are_known) {
  auto settings = catalogue_settings();
  settings.smtp[1].dsn_always = true;
  door_fixture door{settings};
  const std::string text = "From: a@shop.example\r\n\r\ntext\r\n";
  smtp_peer relay = door.greeted("relay", "192.168.1.1");
  ASSERT_THAT(relay.send_message("a@from.example", {"b@to.example"}, text), StartsWith("250 "));
  smtp_peer always = door.greeted("bound", "192.168.1.1");
  ASSERT_THAT(always.send_message("a@from.example", {"b@to.example"}, text), StartsWith("250 "));
  smtp_peer known = door.authenticated();
  ASSERT_THAT(known.send_message("a@shop.example", {"b@to.example"}, text), StartsWith("250 "));
  EXPECT_FALSE(door.accepted().at(0).message.dsn_allowed);
  EXPECT_TRUE(door.accepted().at(1).message.dsn_allowed);
  EXPECT_TRUE(door.accepted().at(2).message.dsn_allowed);
}

TEST(smtp_catalogue, P_113_no_report_for_the_null_sender) {
  door_fixture door;
  smtp_peer peer = door.authenticated();
  ASSERT_THAT(peer.send_message("", {"b@to.example"}, "From: a@shop.example\r\n\r\ntext\r\n"), StartsWith("250 "));
  EXPECT_FALSE(door.accepted().at(0).message.dsn_allowed);
}

}  // namespace
}  // namespace stellwerk::test
