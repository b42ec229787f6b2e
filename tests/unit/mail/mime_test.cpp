#include "mail/mime.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "mail/message_text.hpp"

namespace stellwerk::mail {
namespace {

mime_tree scan(const std::string& content) { return scan_mime(content, header_section::parse(content)); }

const std::string sample =
    "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
    "Content-Type: multipart/mixed; boundary=\"outer\"\r\n"
    "\r\n"
    "preamble\r\n"
    "--outer\r\n"
    "Content-Type: multipart/alternative; boundary=inner\r\n"
    "\r\n"
    "--inner\r\n"
    "\r\n"
    "plain text\r\n"
    "--inner\r\n"
    "Content-Type: text/html; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "\r\n"
    "<b>=FC</b>\r\n"
    "\r\n"
    "--inner--\r\n"
    "--outer \t\r\n"
    "Content-Type: application/pdf; name=a.pdf\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "Content-ID: <cid@x>\r\n"
    "\r\n"
    "aGVs\r\n"
    "bG8=\r\n"
    "--outer--\r\n"
    "epilogue --outer\r\n";

TEST(scan_mime, tree_of_a_usual_message) {
  const mime_tree tree = scan(sample);
  ASSERT_EQ(tree.fault, mime_fault::none);
  ASSERT_EQ(tree.parts.size(), 5U);
  EXPECT_TRUE(tree.parts[0].container);
  EXPECT_EQ(tree.parts[1].parent, 0U);
  EXPECT_EQ(tree.parts[2].parent, 1U);
  EXPECT_EQ(tree.parts[2].depth, 2U);
  EXPECT_EQ(tree.parts[2].body, "plain text");
  EXPECT_EQ(tree.parts[3].body, "<b>=FC</b>\r\n");
  EXPECT_EQ(decoded_text(tree.parts[3]), "<b>ü</b>\r\n");
  EXPECT_EQ(tree.parts[4].parent, 0U);
  EXPECT_EQ(tree.parts[4].filename, "a.pdf");
  EXPECT_EQ(tree.parts[4].content_id, "cid@x");
  EXPECT_EQ(decoded_body(tree.parts[4]), "hello");
}

TEST(scan_mime, a_plain_message_is_one_part) {
  const std::string content = "Subject: a\r\n\r\n--x\r\nbody\r\n";
  const mime_tree tree = scan(content);
  ASSERT_EQ(tree.parts.size(), 1U);
  EXPECT_EQ(tree.parts[0].content_type.value, "text/plain");
  EXPECT_EQ(tree.parts[0].body, "--x\r\nbody\r\n");
  EXPECT_EQ(scan("").parts.size(), 1U);
}

TEST(scan_mime, an_attached_message_is_a_subtree) {
  const std::string content =
      "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
      "Subject: inner\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\ninner text\r\n--c--\r\n--b--\r\n";
  const mime_tree tree = scan(content);
  ASSERT_EQ(tree.parts.size(), 4U);
  EXPECT_FALSE(tree.parts[1].in_message);
  EXPECT_TRUE(tree.parts[2].in_message);
  EXPECT_TRUE(tree.parts[3].in_message);
  EXPECT_EQ(tree.parts[3].body, "inner text");
  EXPECT_TRUE(tree.parts[1].body.starts_with("Subject: inner"));
  EXPECT_TRUE(tree.parts[1].body.ends_with("--c--"));
  EXPECT_EQ(list_attachments(tree).size(), 1U);
  EXPECT_EQ(extract_text(content, 1'000).plain, "");
}

TEST(scan_mime, broken_structures_end_somewhere) {
  const std::string head = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  EXPECT_EQ(scan(head).parts.size(), 1U);
  EXPECT_EQ(scan(head + "--b").parts.size(), 2U);
  EXPECT_EQ(scan(head + "--b\r\n--b\r\n--b--\r\n").parts.size(), 3U);
  EXPECT_EQ(scan(head + "--b\r\nContent-Type: text/html").parts[1].content_type.value, "text/html");
  EXPECT_EQ(scan(head + "--b\r\nno header line\r\n\r\nbody\r\n--b--").parts[1].body, "body");
  EXPECT_EQ(scan(head + "--b--\r\n--b\r\n\r\nlate\r\n").parts.size(), 1U);
  EXPECT_EQ(scan("Content-Type: multipart/mixed\r\n\r\n--\r\n----\r\n").parts.size(), 1U);
  // The inner multipart reuses the outer boundary: its delimiter is the outer one's.
  const mime_tree reused =
      scan(head + "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n");
  ASSERT_EQ(reused.parts.size(), 3U);
  EXPECT_EQ(reused.parts[2].parent, 0U);
}

double cpu_seconds(const std::string& content, mime_fault expected) {
  const auto begin = std::clock();
  const mime_tree tree = scan(content);
  EXPECT_EQ(tree.fault, expected);
  EXPECT_LE(tree.parts.size(), mime_parts_max);
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

TEST(scan_mime, nests_of_a_thousand_stop_in_time) {  // P-106
  std::string multiparts = "Content-Type: multipart/mixed; boundary=b0\r\n\r\n";
  for (int i = 0; i < 1'000; ++i) {
    multiparts += "--b" + std::to_string(i) + "\r\nContent-Type: multipart/mixed; boundary=b" + std::to_string(i + 1) +
                  "\r\n\r\n";
  }
  EXPECT_LT(cpu_seconds(multiparts, mime_fault::too_deep), 1.0);
  std::string messages;
  for (int i = 0; i < 1'000; ++i) messages += "Content-Type: message/rfc822\r\n\r\n";
  EXPECT_LT(cpu_seconds(messages, mime_fault::too_deep), 1.0);
  std::string parts = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 100'000; ++i) parts += "--b\r\n\r\nx\r\n";
  EXPECT_LT(cpu_seconds(parts, mime_fault::too_many_parts), 1.0);
  std::string dashes = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 1'000'000; ++i) dashes += "--c\r\n";
  EXPECT_LT(cpu_seconds(dashes, mime_fault::none), 2.0);
}

TEST(extract_text, subject_plain_and_html) {
  const message_text text = extract_text(sample, 10'000);
  EXPECT_EQ(text.subject, "Grüße");
  EXPECT_EQ(text.plain, "plain text");
  EXPECT_EQ(text.html, "<b>ü</b>\r\n");
}

TEST(extract_text, is_bounded_at_a_character) {
  const std::string content = "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + std::string(1'000, '\xfc');
  const std::string plain = extract_text(content, 101).plain;
  EXPECT_EQ(plain.size(), 100U);
  EXPECT_TRUE(plain.ends_with("ü"));
}

TEST(list_attachments, names_types_and_sizes) {
  const auto list = list_attachments(scan(sample));
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].filename, "a.pdf");
  EXPECT_EQ(list[0].content_type, "application/pdf");
  EXPECT_EQ(list[0].size, 5U);
  EXPECT_TRUE(list[0].inline_image);
}

TEST(decoded_field, never_holds_invalid_utf8) {
  const std::string content = "Subject: a\xff\r\n\r\n";
  EXPECT_EQ(decoded_field(header_section::parse(content), "Subject"), "a\xef\xbf\xbd");
  EXPECT_EQ(decoded_field(header_section::parse(content), "Cc"), "");
}

}  // namespace
}  // namespace stellwerk::mail
