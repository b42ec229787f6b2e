#include "mail/message_features.hpp"

#include <gtest/gtest.h>

#include "mail/analysed_message.hpp"

namespace stellwerk::mail {
namespace {

message_features features_of(const std::string& content) { return analyse(content, header_section::parse(content)); }

TEST(message_features, of_a_plain_message) {
  const std::string content =
      "From: A <a@X.ex>\r\nTo: b@x.ex, B <b@X.ex>\r\nCc: c@x.ex\r\nBcc: d@x.ex\r\nSubject: s\r\n\r\nhello\r\n";
  const message_features f = features_of(content);
  EXPECT_EQ(f.size, content.size());
  EXPECT_EQ(f.longest_line, std::string_view{"To: b@x.ex, B <b@X.ex>"}.size());
  EXPECT_FALSE(f.has_8bit || f.has_utf8_header || f.has_dkim_signature || f.is_smime || f.is_pgp || f.has_calendar ||
               f.has_message_id || f.has_list_unsubscribe_one_click || f.must_stay_as_is());
  EXPECT_EQ(f.from, std::vector<std::string>{"a@x.ex"});
  EXPECT_EQ(f.to, std::vector<std::string>{"b@x.ex"});
  EXPECT_EQ(f.cc, std::vector<std::string>{"c@x.ex"});
  EXPECT_EQ(f.bcc, std::vector<std::string>{"d@x.ex"});
  EXPECT_EQ(f.unreadable_addresses, 0U);
  EXPECT_TRUE(f.repeated_fields.empty());
}

TEST(message_features, eight_bit_in_header_and_body) {
  EXPECT_TRUE(features_of("Subject: \xc3\xbc\r\n\r\n").has_utf8_header);
  const message_features body =
      features_of("Subject: u\r\n\r\n" + std::string(100, 'x') + "\xfc" + std::string(100, 'x'));
  EXPECT_TRUE(body.has_8bit);
  EXPECT_FALSE(body.has_utf8_header);
  EXPECT_TRUE(features_of("Subject: u\r\n\r\n" + std::string(64, 'x') + "\xfc").has_8bit);
}

TEST(message_features, fields) {
  const message_features f = features_of(
      "Received: a\r\nReceived: b\r\nDKIM-Signature: x\r\nDKIM-Signature: y\r\nMessage-ID: <1@x>\r\nComments: a\r\n"
      "comments: b\r\nList-Unsubscribe: <https://x.ex/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nTo: "
      "nobody\r\n\r\n");
  EXPECT_EQ(f.repeated_fields, std::vector<std::string>{"comments"});
  EXPECT_TRUE(f.has_dkim_signature);
  EXPECT_TRUE(f.has_message_id);
  EXPECT_TRUE(f.has_list_unsubscribe_one_click);
  EXPECT_EQ(f.unreadable_addresses, 1U);
  EXPECT_FALSE(features_of("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n").has_list_unsubscribe_one_click);
}

TEST(message_features, parts) {
  const message_features f = features_of(
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/calendar\r\n\r\nx\r\n"
      "--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n");
  EXPECT_TRUE(f.has_calendar);
  EXPECT_EQ(f.attachments_count, 1U);
  EXPECT_EQ(f.attachments_bytes, 5U);
  EXPECT_TRUE(features_of("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nx").is_smime);
  EXPECT_TRUE(features_of("Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n"
                          "Content-Type: application/pgp-signature\r\n\r\ny\r\n--b--\r\n")
                  .is_pgp);
  EXPECT_TRUE(features_of("Subject: a\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n").must_stay_as_is());
}

TEST(analyse_message, reads_the_header_once) {
  const auto content = std::make_shared<const std::string>(
      "From: =?utf-8?Q?J=C3=BC?= <J@Exam.ple>\r\nSubject: =?utf-8?Q?=C3=BC?=\r\nMessage-ID:\r\n <1@x>\r\n\r\nbody");
  const auto message = analyse_message(content);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ((*message)->header_from, "J@exam.ple");
  EXPECT_EQ((*message)->header_from_domain, "exam.ple");
  EXPECT_EQ((*message)->subject, "ü");
  EXPECT_EQ((*message)->message_id, "1@x");
  EXPECT_TRUE((*message)->header.contains("Subject"));
}

TEST(analyse_message, broken_headers_are_malformed_absent_ones_are_empty) {
  EXPECT_TRUE(analyse_message(std::make_shared<const std::string>("A: b\r\nbroken\r\n")).error().is(errc::malformed));
  EXPECT_TRUE(analyse_message(std::make_shared<const std::string>("just text\r\n")).has_value());
}

}  // namespace
}  // namespace stellwerk::mail
