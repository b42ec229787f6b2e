#include "mail/email.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace stellwerk::mail {
namespace {

email good() {
  email message;
  message.from = {"Shop", "shop@shop.example"};
  message.to = {{"Jürgen", "j@x.ex"}};
  message.subject = "Grüße";
  message.text = "line\nline\r\n";
  message.html = "<b>x</b>";
  message.attachments = {{"a.pdf", "application/pdf", std::string{"\0\r\n", 3}, "cid@x"}, {"", "", "", ""}};
  message.headers = {{"X-Campaign", "über\tx"}, {"List-Unsubscribe", "<https://x.ex/u>"}};
  return message;
}

std::vector<std::string> paths(const email& message) {
  std::vector<std::string> out;
  for (const field_fault& one : validate(message)) {
    EXPECT_FALSE(one.description.empty());
    out.push_back(one.field_path);
  }
  return out;
}

using list = std::vector<std::string>;

TEST(validate_email, a_good_message_has_no_fault) { EXPECT_EQ(paths(good()), list{}); }

TEST(validate_email, line_breaks_and_nul_are_found_in_every_field) {  // P-100
  for (const std::string& bad :
       {std::string{"a\rb"}, std::string{"a\nb"}, std::string{"a\r\nBcc: x@y.ex"}, std::string{"a\0b", 3}}) {
    email message = good();
    message.from.display_name = bad;
    message.from.address = bad + "@x.ex";
    message.to[0].address = "u@" + bad;
    message.to[0].display_name = bad;
    message.cc = {{bad, bad}};
    message.reply_to = {{bad, "r@x.ex"}};
    message.bcc = {{"", bad}};
    message.subject = bad;
    message.attachments[0].filename = bad;
    message.attachments[0].content_type = "text/plain; x=" + bad;
    message.attachments[0].content_id = bad;
    message.headers = {{bad, "x"}, {"X-A", bad}};
    EXPECT_EQ(paths(message),
              (list{"email.from.display_name", "email.from.address", "email.to[0].display_name", "email.to[0].address",
                    "email.cc[0].display_name", "email.cc[0].address", "email.bcc[0].address",
                    "email.reply_to[0].display_name", "email.subject", "email.attachments[0].filename",
                    "email.attachments[0].content_type", "email.attachments[0].content_id", "email.headers[0].name",
                    "email.headers[1].value"}));
  }
  email message = good();
  message.text = message.html = std::string{"a\0b", 3};
  EXPECT_EQ(paths(message), (list{"email.text", "email.html"}));
}

TEST(validate_email, header_names) {  // P-101
  email message = good();
  message.headers.clear();
  const list bad{"",
                 "a:b",
                 "a b",
                 "S\xc3\xbc",
                 std::string(1'000'000, 'x'),
                 "Received",
                 "dkim-signature",
                 "Return-Path",
                 "BCC",
                 "From",
                 "to",
                 "Content-Type",
                 "content-foo",
                 "MIME-Version",
                 "Message-ID",
                 "Date",
                 "X-Stellwerk-Stream",
                 "Sender",
                 "ARC-Seal",
                 "Resent-To"};
  for (const std::string& name : bad) message.headers.emplace_back(name, "x");
  const auto faults = validate(message);
  ASSERT_EQ(faults.size(), bad.size());
  for (std::size_t i = 0; i < bad.size(); ++i) {
    EXPECT_EQ(faults[i].field_path, "email.headers[" + std::to_string(i) + "].name");
  }
}

TEST(validate_email, some_fields_stand_once) {
  email message = good();
  message.headers = {{"References", "<a@x>"}, {"X-A", "1"}, {"X-A", "2"}, {"references", "<b@x>"}};
  EXPECT_EQ(paths(message), list{"email.headers[3].name"});
}

TEST(validate_email, values_must_fit_lines_and_be_utf8) {
  email message = good();
  message.headers = {{"X-A", std::string(901, 'x')}, {"X-B", "\xff"}, {"X-C", std::string(60'000, ' ')}};
  message.subject = "\xff";
  message.html = "\xc3";
  EXPECT_EQ(paths(message), (list{"email.subject", "email.html", "email.headers[0].value", "email.headers[1].value",
                                  "email.headers[2].value"}));
}

TEST(validate_email, addresses_and_types) {
  email message = good();
  message.from.address = "";
  message.to = {{"", "a@x.ex"}, {"", "a@x.ex,b@x.ex"}, {"", "nobody"}};
  message.attachments[0].content_type = "nonsense";
  message.attachments[1].content_type = "multipart/mixed";
  message.attachments[1].content_id = "<a b>";
  EXPECT_EQ(paths(message), (list{"email.from.address", "email.to[1].address", "email.to[2].address",
                                  "email.attachments[0].content_type", "email.attachments[1].content_type",
                                  "email.attachments[1].content_id"}));
  EXPECT_EQ(validate(message)[0].description, "is missing");
}

TEST(bare_content_id, loses_its_brackets) {
  EXPECT_EQ(bare_content_id({"", "", "", "<a@b>"}), "a@b");
  EXPECT_EQ(bare_content_id({"", "", "", "a@b"}), "a@b");
  EXPECT_EQ(bare_content_id({"", "", "", "<"}), "<");
}

TEST(validate_email, a_content_type_is_whole_or_refused) {
  email message;
  message.from = {"", "a@shop.example"};
  message.attachments.push_back({"a", "", "x", ""});
  const auto faults_of = [&](std::string type) {
    message.attachments[0].content_type = std::move(type);
    return validate(message).size();
  };
  for (const char* good :
       {"text/plain", "Text/PLAIN ; charset=utf-8", "text/calendar; method=REQUEST; charset=\"utf-8\"",
        "application/x; a=\"b;c\"", "image/svg+xml"})
    EXPECT_EQ(faults_of(good), 0U) << good;
  for (const char* bad : {"text/pl ain", "text/plain; charset", "text/plain;", "text/plain; =x", "text/plain x=y",
                          "text/plain; a=\"b", "text/plain; a b=c"})
    EXPECT_EQ(faults_of(bad), 1U) << bad;
}

TEST(validate_email, a_file_name_has_no_path) {
  email message;
  message.from = {"", "a@shop.example"};
  message.attachments.push_back({"../../etc/passwd", "", "x", ""});
  const auto faults = validate(message);
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].field_path, "email.attachments[0].filename");
}

}  // namespace
}  // namespace stellwerk::mail
