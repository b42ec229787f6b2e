#include "mail/rewrite.hpp"

#include <gtest/gtest.h>

#include "mail/received_field.hpp"

namespace stellwerk::mail {
namespace {

std::string rewritten(const std::string& content, const declared_changes& changes) {
  return apply_declared_changes(content, header_section::parse(content), changes);
}

TEST(apply_declared_changes, nothing_declared_changes_nothing) {
  for (const std::string content :
       {"", "A: b\r\n\r\nbody", "A: b", "no header\r\n", "\r\nbody", "A: b\r\n .\r\n\r\n"}) {
    EXPECT_EQ(rewritten(content, {}), content);
  }
}

TEST(apply_declared_changes, control_fields_go_everything_else_stays) {
  const std::string content =
      "X-Stellwerk-Stream: marketing\r\nSubject:  a\r\n\tb\r\nx-STELLWERK-tags: a,\r\n b\r\nBcc: c@x.ex\r\nX-Stell: "
      "d\r\n"
      "\r\nX-Stellwerk-Stream: in the body\r\n";
  declared_changes changes;
  changes.received = "Received: r\r\n";
  EXPECT_EQ(
      rewritten(content, changes),
      "Received: r\r\nSubject:  a\r\n\tb\r\nBcc: c@x.ex\r\nX-Stell: d\r\n\r\nX-Stellwerk-Stream: in the body\r\n");
  changes.remove_control_fields = false;
  EXPECT_EQ(rewritten(content, changes), "Received: r\r\n" + content);
}

TEST(apply_declared_changes, submission_loses_bcc_and_gains_what_is_missing) {  // P-103, P-104
  declared_changes changes;
  changes.remove_bcc = true;
  changes.date = "D";
  changes.message_id = "<m@gw>";
  EXPECT_EQ(rewritten("From: a@x.ex\r\nBCC: b@x.ex\r\nbcc: c@x.ex\r\n\r\nx", changes),
            "From: a@x.ex\r\nDate: D\r\nMessage-ID: <m@gw>\r\n\r\nx");
  EXPECT_EQ(rewritten("date: own\r\nMESSAGE-ID: <o>\r\n\r\nx", changes), "date: own\r\nMESSAGE-ID: <o>\r\n\r\nx");
  EXPECT_EQ(rewritten("From: a@x.ex", changes), "From: a@x.ex\r\nDate: D\r\nMessage-ID: <m@gw>\r\n");
}

TEST(apply_declared_changes, content_without_a_header_gets_an_empty_line) {
  declared_changes changes;
  changes.received = "Received: r\r\n";
  EXPECT_EQ(rewritten("hello\r\n", changes), "Received: r\r\n\r\nhello\r\n");
  EXPECT_EQ(rewritten("\r\nhello\r\n", changes), "Received: r\r\n\r\nhello\r\n");
  EXPECT_EQ(rewritten("", changes), "Received: r\r\n");
}

received_stamp stamp() {
  received_stamp one;
  one.helo = "client.example";
  one.peer_address = "192.0.2.1";
  one.by = "gw-1";
  one.protocol = "ESMTPS";
  one.id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  one.only_recipient = "a@x.ex";
  one.at = time_point{std::chrono::milliseconds{1'769'847'300'000}};
  return one;
}

TEST(build_received_field, says_who_how_and_when) {
  EXPECT_EQ(build_received_field(stamp()),
            "Received: from client.example ([192.0.2.1]) by gw-1 with ESMTPS id\r\n"
            " 01ARZ3NDEKTSV4RRFFQ69G5FAV for <a@x.ex>; Sat, 31 Jan 2026 08:15:00 +0000\r\n");
  received_stamp grpc;
  grpc.client = "shop";
  grpc.by = "gw-1";
  grpc.protocol = "GRPC";
  grpc.id = "X";
  EXPECT_EQ(build_received_field(grpc),
            "Received: from shop by gw-1 with GRPC id X; Thu, 01 Jan 1970 00:00:00 +0000\r\n");
}

TEST(build_received_field, a_foreign_name_cannot_break_out) {
  received_stamp one = stamp();
  one.helo = "evil\r\nBcc: x\xff (" + std::string(1'000, 'y');
  one.peer_address = "2001:db8::1";
  const std::string field = build_received_field(one);
  EXPECT_EQ(header_section::parse(field).fields().size(), 1U);
  EXPECT_TRUE(header_section::parse(field).ok());
  EXPECT_NE(field.find(" evil??Bcc:?x???y"), std::string::npos);
  EXPECT_NE(field.find("([IPv6:2001:db8::1])"), std::string::npos);
}

TEST(count_received_by, counts_our_own_name_only) {
  const std::string own = build_received_field(stamp());
  const std::string content = own + own +
                              "Received: from gw-1 by other with SMTP; x\r\nReceived: by GW-1; y\r\n"
                              "Received: from x\r\n\tby\r\n\tgw-1\r\n\twith SMTP; z\r\nReceived: by gw-10; y\r\n\r\n";
  EXPECT_EQ(count_received_by(header_section::parse(content), "gw-1"), 4U);
  EXPECT_EQ(count_received_by(header_section::parse(content), "gw-10"), 1U);
}

TEST(protocol_name, of_rfc_3848_and_6531) {
  EXPECT_EQ(protocol_name({.extended = false}), "SMTP");
  EXPECT_EQ(protocol_name({}), "ESMTP");
  EXPECT_EQ(protocol_name({.tls = true}), "ESMTPS");
  EXPECT_EQ(protocol_name({.authenticated = true}), "ESMTPA");
  EXPECT_EQ(protocol_name({.tls = true, .authenticated = true}), "ESMTPSA");
  EXPECT_EQ(protocol_name({.tls = true, .authenticated = true, .smtputf8 = true}), "UTF8SMTPSA");
  EXPECT_EQ(protocol_name({.smtputf8 = true}), "UTF8SMTP");
}

}  // namespace
}  // namespace stellwerk::mail
