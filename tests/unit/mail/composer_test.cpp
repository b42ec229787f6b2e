#include "mail/composer.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "mail/address_list.hpp"
#include "mail/content_framing.hpp"
#include "mail/encoded_word.hpp"
#include "mail/header_section.hpp"
#include "mail/message_check.hpp"
#include "mail/message_text.hpp"

namespace stellwerk::mail {
namespace {

const time_point at{std::chrono::milliseconds{1'769'847'300'000}};

std::string composed(const email& message) {
  EXPECT_TRUE(validate(message).empty());
  seeded_random random{1};
  const std::string content = compose(message, {at, "<id@gw>"}, random);
  EXPECT_EQ(check_framing(content), framing_fault::none);
  EXPECT_TRUE(content.ends_with("\r\n"));
  const auto header = header_section::parse(content);
  EXPECT_TRUE(check_message(header, submission_profile::submission).ok());
  return content;
}

email simple() {
  email message;
  message.from = {"Shop", "shop@Shop.example"};
  message.to = {{"", "a@x.ex"}};
  message.subject = "Hello";
  message.text = "Hi there";
  return message;
}

TEST(compose, a_plain_text_is_plain) {
  EXPECT_EQ(
      composed(simple()),
      "Date: Sat, 31 Jan 2026 08:15:00 +0000\r\nFrom: Shop <shop@shop.example>\r\nTo: a@x.ex\r\nSubject: Hello\r\n"
      "Message-ID: <id@gw>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: 7bit\r\n\r\nHi there\r\n");
}

TEST(compose, is_deterministic) {
  email message = simple();
  message.html = "<p>";
  EXPECT_EQ(composed(message), composed(message));
}

TEST(compose, the_tree_of_everything) {
  email message = simple();
  message.html = "<img src=cid:logo>";
  message.attachments = {{"logo.png", "image/png", "PNG", "<logo>"}, {"Übersicht.pdf", "application/pdf", "%PDF", ""}};
  const std::string content = composed(message);
  const auto tree = scan_mime(content, header_section::parse(content));
  ASSERT_EQ(tree.parts.size(), 7U);
  const char* types[] = {"multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html",
                         "image/png",       "application/pdf"};
  for (std::size_t i = 0; i < tree.parts.size(); ++i) EXPECT_EQ(tree.parts[i].content_type.value, types[i]);
  EXPECT_EQ(decoded_text(tree.parts[2]), "Hi there\r\n");
  EXPECT_EQ(tree.parts[5].content_id, "logo");
  EXPECT_EQ(tree.parts[5].disposition.value, "inline");
  EXPECT_EQ(decoded_body(tree.parts[5]), "PNG");
  EXPECT_EQ(tree.parts[6].filename, "Übersicht.pdf");
  EXPECT_EQ(decoded_body(tree.parts[6]), "%PDF");
}

TEST(compose, no_bcc_appears) {  // P-104
  email message = simple();
  message.bcc = {{"", "secret@x.ex"}};
  EXPECT_EQ(composed(message).find("secret"), std::string::npos);
  message.to.clear();
  const std::string content = composed(message);
  EXPECT_NE(content.find("To: undisclosed-recipients:;\r\n"), std::string::npos);
  EXPECT_EQ(content.find("secret"), std::string::npos);
}

TEST(compose, header_text_comes_back_and_is_folded) {
  email message = simple();
  std::string names = "Müller, ";
  for (int i = 0; i < 60; ++i) names += "wörter ";
  message.subject = "  " + names + std::string(300, 'x') + " =?utf-8?Q?x?= ";
  message.to.clear();
  for (int i = 0; i < 50; ++i)
    message.to.push_back({"O'Brien, \"Ü\" " + std::to_string(i), "u" + std::to_string(i) + "@x.ex"});
  message.to.push_back({"Dr. A. B", "dot@x.ex"});
  message.headers = {{"X-Long", std::string(50, 'a') + ' ' + std::string(500, 'b') + "  c"}};
  const std::string content = composed(message);
  const auto header = header_section::parse(content);
  EXPECT_EQ(decode_encoded_words(unfold(*header.first("Subject"))), message.subject);
  const auto to = parse_address_list(*header.first("To"));
  ASSERT_EQ(to.size(), message.to.size());
  for (std::size_t i = 0; i < to.size(); ++i) EXPECT_EQ(to[i].display_name, message.to[i].display_name);
  EXPECT_EQ(unfold(*header.first("X-Long")), message.headers[0].second);
  for (const auto line : split(std::string_view{content}.substr(0, header.end()), '\n')) {
    const bool breakable = line.find("bbb") == std::string_view::npos;
    EXPECT_LE(line.size(), breakable ? 79U : 998U) << line;
  }
}

TEST(compose, the_shortest_encoding_that_carries_the_text) {
  const auto encoding_of = [](const std::string& text) {
    email message = simple();
    message.text = text;
    const std::string content = composed(message);
    const auto header = header_section::parse(content);
    const auto tree = scan_mime(content, header);
    std::string expected;
    for (const char c : text) expected += c == '\n' ? std::string{"\r\n"} : std::string{c};
    if (!expected.empty() && !expected.ends_with("\r\n")) expected += "\r\n";
    EXPECT_EQ(decoded_text(tree.parts[0]).substr(0, expected.size()), expected);
    return unfold(header.first("Content-Transfer-Encoding").value_or(""));
  };
  EXPECT_EQ(encoding_of("a\nb"), "7bit");
  EXPECT_EQ(encoding_of(""), "7bit");
  EXPECT_EQ(encoding_of(std::string(998, 'x')), "7bit");
  EXPECT_EQ(encoding_of(std::string(999, 'x')), "quoted-printable");
  EXPECT_EQ(encoding_of("Grüße aus Köln, der Stadt am Rhein"), "quoted-printable");
  EXPECT_EQ(encoding_of("日本語のテキスト"), "base64");
}

TEST(compose, a_utf8_local_part_stands_as_it_is) {  // P-088, RFC 6532
  email message = simple();
  EXPECT_FALSE(header_needs_smtputf8(message));
  message.to = {{"Jürgen", "jürgen@münchen.example"}};
  EXPECT_TRUE(header_needs_smtputf8(message));
  EXPECT_NE(composed(message).find("<jürgen@xn--mnchen-3ya.example>"), std::string::npos);
  message.to = {{"", "j@münchen.example"}};
  EXPECT_FALSE(header_needs_smtputf8(message));
  EXPECT_TRUE(is_ascii(composed(message)));
}

TEST(compose, an_attached_message_is_not_encoded_unless_it_is_broken) {
  email message = simple();
  message.attachments = {{"m.eml", "message/rfc822", "Subject: x\r\n\r\nbody\r\n", ""}};
  EXPECT_NE(composed(message).find("message/rfc822\r\n"), std::string::npos);
  EXPECT_NE(composed(message).find("\r\n\r\nSubject: x\r\n\r\nbody\r\n"), std::string::npos);
  message.attachments[0].content = "Subject: x\n\nbare";
  EXPECT_EQ(composed(message).find("message/rfc822"), std::string::npos);
}

}  // namespace
}  // namespace stellwerk::mail
