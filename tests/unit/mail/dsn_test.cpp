#include "mail/dsn.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "mail/content_framing.hpp"
#include "mail/message_check.hpp"
#include "mail/mime.hpp"

namespace stellwerk::mail {
namespace {

const std::string original =
    "Received: x\r\nFrom: a@x.ex\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <orig@x.ex>\r\n\r\nsecret "
    "body\r\n";

delivery_report sample(report_kind kind = report_kind::failed) {
  delivery_report report;
  report.kind = kind;
  report.node = "gw-1.example";
  report.from_address = "MAILER-DAEMON@gw-1.example";
  report.to_address = "a@x.ex";
  report.message_id = "<dsn@gw-1.example>";
  report.date = time_point{std::chrono::milliseconds{1'769'847'300'000}};
  report.queue_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  report.original = original;
  reported_recipient one;
  one.address = "nobody@y.ex";
  one.status = "5.1.1";
  one.diagnostic = "550 5.1.1 no such user";
  one.remote_mta = "mx.y.ex";
  report.recipients = {one};
  return report;
}

std::string built(const delivery_report& report) {
  seeded_random random{1};
  const std::string content = build_delivery_report(report, random);
  EXPECT_EQ(check_framing(content), framing_fault::none);
  EXPECT_TRUE(check_message(header_section::parse(content), submission_profile::submission).ok());
  return content;
}

mime_tree tree_of(const std::string& content) { return scan_mime(content, header_section::parse(content)); }

TEST(build_delivery_report, has_the_three_parts_of_rfc_3464) {
  const std::string content = built(sample());
  const auto header = header_section::parse(content);
  EXPECT_EQ(unfold(*header.first("Auto-Submitted")), "auto-replied");
  EXPECT_EQ(unfold(*header.first("In-Reply-To")), "<orig@x.ex>");
  const mime_tree tree = tree_of(content);
  ASSERT_EQ(tree.parts.size(), 4U);
  EXPECT_EQ(tree.parts[0].content_type.value, "multipart/report");
  EXPECT_EQ(tree.parts[0].content_type.parameter("report-type"), "delivery-status");
  EXPECT_EQ(tree.parts[1].content_type.value, "text/plain");
  EXPECT_EQ(tree.parts[2].body,
            "Reporting-MTA: dns; gw-1.example\r\n\r\nFinal-Recipient: rfc822; nobody@y.ex\r\nAction: failed\r\n"
            "Status: 5.1.1\r\nRemote-MTA: dns; mx.y.ex\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n");
  EXPECT_EQ(tree.parts[3].content_type.value, "text/rfc822-headers");
  EXPECT_EQ(tree.parts[3].body, original.substr(0, original.find("\r\n\r\n") + 2));
}

TEST(build_delivery_report, speaks_to_people_in_two_languages) {
  const std::string content = built(sample());
  const mime_tree tree = tree_of(content);
  const std::string text = decoded_text(tree.parts[1]);
  for (const char* part :
       {"could not be delivered", "<nobody@y.ex>", "mx.y.ex: 550 5.1.1 no such user", "Subject: Grüße",
        "konnte den unten genannten Empfängern nicht zugestellt werden", "01ARZ3NDEKTSV4RRFFQ69G5FAV"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST(build_delivery_report, names_a_bounded_number_to_people_and_all_to_programs) {
  delivery_report report = sample();
  report.recipients.assign(named_recipients_max + 900, report.recipients.front());
  for (std::size_t i = 0; i < report.recipients.size(); ++i) {
    report.recipients[i].address = "gone" + std::to_string(i) + "@y.ex";
  }
  const std::string content = built(report);
  const mime_tree tree = tree_of(content);
  const std::string text = decoded_text(tree.parts[1]);
  EXPECT_NE(text.find("<gone99@y.ex>"), std::string::npos);
  EXPECT_EQ(text.find("<gone100@y.ex>"), std::string::npos);
  EXPECT_NE(text.find("and 900 more"), std::string::npos);
  EXPECT_NE(text.find("und 900 weitere"), std::string::npos);
  for (const reported_recipient& one : report.recipients) {
    EXPECT_NE(tree.parts[2].body.find("\r\n\r\nFinal-Recipient: rfc822; " + one.address + "\r\nAction: failed\r\n"),
              std::string_view::npos);
  }
  report.recipients.resize(named_recipients_max);
  EXPECT_EQ(decoded_text(tree_of(built(report)).parts[1]).find(" more:"), std::string::npos);
}

TEST(build_delivery_report, says_of_the_whole_that_a_part_is_eight_bit) {
  delivery_report report = sample();
  const auto encoding = [&report] {
    const std::string content = built(report);
    return unfold(header_section::parse(content).first("Content-Transfer-Encoding").value_or(""));
  };
  report.return_full = true;
  EXPECT_EQ(encoding(), "");
  const std::string eight_bit = original +
                                "Gr\xc3\xbc\xc3\x9f"
                                "e\r\n";
  report.original = eight_bit;
  EXPECT_EQ(encoding(), "8bit");
  report.return_full = false;
  EXPECT_EQ(encoding(), "") << "headers are encoded";
}

TEST(build_delivery_report, one_group_for_each_recipient) {
  delivery_report report = sample(report_kind::delayed);
  report.envelope_id = "env-1";
  report.arrival = report.date;
  reported_recipient utf8;
  utf8.address = "jürgen@y.ex";
  utf8.original_recipient = "rfc822;j@y.ex";
  utf8.will_retry_until = report.date;
  utf8.last_attempt = report.date;
  report.recipients.push_back(utf8);
  const std::string content = built(report);
  const std::string status{tree_of(content).parts[2].body};
  EXPECT_TRUE(
      status.starts_with("Original-Envelope-Id: env-1\r\nReporting-MTA: dns; gw-1.example\r\nArrival-Date: Sat,"));
  EXPECT_NE(status.find("Action: delayed\r\nStatus: 4.0.0\r\n"), std::string::npos);  // 5.1.1 is of another class
  EXPECT_NE(status.find("\r\n\r\nOriginal-Recipient: rfc822;j@y.ex\r\nFinal-Recipient: utf-8; j\\x{FC}rgen@y.ex\r\n"),
            std::string::npos);
  EXPECT_NE(status.find("Will-Retry-Until: Sat, 31 Jan 2026"), std::string::npos);
  EXPECT_EQ(built(sample(report_kind::relayed)).find("Action: failed"), std::string::npos);
}

TEST(build_delivery_report, foreign_text_cannot_break_out) {
  delivery_report report = sample();
  report.recipients[0].diagnostic = "550 a\r\n\r\nAction: delivered\r\n\xff\x1b[31m" + std::string(5'000, 'x');
  report.recipients[0].remote_mta = "mx\r\nStatus: 2.0.0";
  report.recipients[0].original_recipient = "rfc822;a\r\nb";
  report.envelope_id = std::string{"a\0b\r\nc", 6};
  const std::string content = built(report);
  const mime_tree tree = tree_of(content);
  ASSERT_EQ(tree.parts.size(), 4U);
  EXPECT_EQ(tree.parts[2].body.find("\r\nAction: delivered"), std::string_view::npos);
  EXPECT_EQ(tree.parts[2].body.find("\r\nStatus: 2.0.0"), std::string_view::npos);
  EXPECT_TRUE(is_ascii(content));
}

TEST(build_delivery_report, xtext_is_reported_as_what_it_stands_for) {
  delivery_report report = sample();
  report.recipients[0].original_recipient = "rfc822;a+2Btag+0D+0Ab@y.ex";
  report.envelope_id = "order+3D7+2";
  const std::string status{tree_of(built(report)).parts[2].body};
  EXPECT_NE(status.find("Original-Envelope-Id: order=7+2\r\n"), std::string::npos) << status;
  EXPECT_NE(status.find("Original-Recipient: rfc822;a+tag"), std::string::npos) << status;
  EXPECT_EQ(status.find("\r\nb@y.ex"), std::string::npos) << "no line of its own";
}

TEST(build_delivery_report, returns_the_whole_message_when_asked_and_small) {
  delivery_report report = sample();
  report.return_full = true;
  const std::string full = built(report);
  EXPECT_EQ(tree_of(full).parts[3].content_type.value, "message/rfc822");
  EXPECT_EQ(tree_of(full).parts[3].body, original);
  report.return_octets_max = 20;
  const std::string cut = built(report);
  EXPECT_EQ(cut.find("secret body"), std::string::npos);
  EXPECT_EQ(tree_of(cut).parts[3].content_type.value, "text/rfc822-headers");
}

TEST(build_delivery_report, an_eight_bit_header_is_encoded) {
  delivery_report report = sample();
  const std::string eight_bit = "Subject: \xfc\r\nMessage-ID: <a b>\r\n\r\n";
  report.original = eight_bit;
  const std::string content = built(report);
  EXPECT_TRUE(is_ascii(content));
  EXPECT_EQ(decoded_body(tree_of(content).parts[3]).substr(0, 12), "Subject: \xfc\r\n");
  EXPECT_FALSE(header_section::parse(content).contains("References"));
}

TEST(build_delivery_report, a_message_without_header_can_be_reported) {
  delivery_report report = sample();
  report.original = "just text\r\n";
  EXPECT_EQ(built(report).find("just text"), std::string::npos);
}

}  // namespace
}  // namespace stellwerk::mail
