#include "adapters/esp/mailjet/send_request.hpp"

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "adapters/esp/mailjet/mailjet_mapping.hpp"
#include "base/text.hpp"
#include "mail/encoded_word.hpp"
#include "tests/unit/adapters/esp/mailjet/message_samples.hpp"

namespace stellwerk::adapters::esp::mailjet {
namespace {

namespace json = boost::json;
using test::attempt_with;

json::object root_of(const attempt& what, bool sandbox = false) {
  const auto entry = build_send_entry(what);
  if (const auto* refusal = std::get_if<cannot_carry>(&entry)) {
    ADD_FAILURE() << "not carried: " << refusal->detail;
    return {};
  }
  const std::vector<const vendor_entry*> entries{&std::get<vendor_entry>(entry)};
  return json::parse(join_send_entries(entries, sandbox)).get_object();
}

json::object entry_of(const attempt& what) { return root_of(what).at("Messages").at(0).get_object(); }

std::string refusal_of(const attempt& what) {
  const auto entry = build_send_entry(what);
  const auto* refusal = std::get_if<cannot_carry>(&entry);
  return refusal != nullptr ? refusal->detail : "";
}

TEST(mailjet_send_request, example_of_the_vendors_sheet) {
  attempt what = attempt_with(
      "Received: from app by gw-1.example.com with ESMTP; Thu, 1 Jan 2026 00:00:00 +0000\r\n"
      "From: News <news@example.com>\r\nTo: Ann <ann@example.com>\r\nSubject: Hello\r\n"
      "Message-ID: <1@example.com>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nMIME-Version: 1.0\r\n"
      "List-Unsubscribe: <https://example.com/u/1>\r\nX-Team: shop\r\n"
      "Content-Type: multipart/related; boundary=r\r\n\r\n"
      "--r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
      "--a\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: "
      "quoted-printable\r\n\r\nGr=FC=DFe\r\n"
      "--a\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hi <img src=\"cid:logo1\"></p>\r\n--a--\r\n"
      "--r\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo1>\r\nContent-Disposition: inline\r\n"
      "Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n--r--\r\n",
      {"ann@example.com"});
  what.campaign = "spring";
  const json::value expected = json::parse(R"({
    "Messages": [ {
      "From": {"Email": "news@example.com", "Name": "News"},
      "To": [ {"Email": "ann@example.com", "Name": "Ann"} ],
      "Subject": "Hello",
      "TextPart": "Grüße",
      "HTMLPart": "<p>Hi <img src=\"cid:logo1\"></p>",
      "InlinedAttachments": [ {"ContentType": "image/png", "Filename": "logo.png", "ContentID": "logo1", "Base64Content": "iVBORw=="} ],
      "Headers": {"List-Unsubscribe": "<https://example.com/u/1>", "X-Team": "shop", "X-Loop": "gw-1.example.com"},
      "CustomID": "gw-01J0-1",
      "EventPayload": "{\"queue_id\":\"00000000000000000000000000\"}",
      "CustomCampaign": "spring",
      "TrackOpens": "account_default", "TrackClicks": "account_default" } ],
    "AdvanceErrorHandling": true })");
  EXPECT_EQ(json::value(root_of(what)), expected) << json::serialize(root_of(what));
}

TEST(mailjet_send_request, sandbox_stands_at_the_root) {
  EXPECT_EQ(root_of(test::to_one(), true).at("SandboxMode"), json::value(true));
  EXPECT_FALSE(root_of(test::to_one()).contains("SandboxMode"));
}

TEST(mailjet_send_request, recipients_stand_where_the_header_names_them) {
  const json::object entry = entry_of(test::to_three());
  EXPECT_EQ(json::serialize(entry.at("To")),
            R"([{"Email":"good@example.com","Name":"Good"},{"Email":"bad@example.net"}])");
  EXPECT_EQ(json::serialize(entry.at("Cc")), R"([{"Email":"copy@example.org"}])");
  EXPECT_FALSE(entry.contains("Bcc"));
}

TEST(mailjet_send_request, one_hidden_recipient_is_promoted_to_to) {
  const json::object entry =
      entry_of(attempt_with("From: a@b.example\r\nBcc: x@c.example\r\n\r\nHi\r\n", {"x@c.example"}));
  EXPECT_EQ(json::serialize(entry.at("To")), R"([{"Email":"x@c.example"}])");
  EXPECT_FALSE(entry.contains("Bcc"));
}

TEST(mailjet_send_request, decodes_subject_names_and_reply_to) {
  const json::object entry = entry_of(
      attempt_with("From: =?utf-8?q?J=C3=B6rg?= <a@b.example>\r\nTo: x@c.example\r\nReply-To: Help <help@b.example>\r\n"
                   "Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n folded\r\n\r\nHi\r\n",
                   {"x@c.example"}));
  EXPECT_EQ(json::serialize(entry.at("From")), R"({"Email":"a@b.example","Name":"Jörg"})");
  EXPECT_EQ(json::serialize(entry.at("ReplyTo")), R"({"Email":"help@b.example","Name":"Help"})");
  EXPECT_EQ(entry.at("Subject"), json::value("Grüße folded"));
}

TEST(mailjet_send_request, attachments_keep_their_octets_and_get_a_name) {
  const json::object entry = entry_of(attempt_with(
      "From: a@b.example\r\nTo: x@c.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
      "--m\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: "
      "base64\r\n\r\nAAEC/w==\r\n"
      "--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbody\r\n--m--\r\n",
      {"x@c.example"}));
  EXPECT_EQ(json::serialize(entry.at("Attachments").at(0)),
            R"({"ContentType":"application/pdf","Filename":"part-1.pdf","Base64Content":"AAEC/w=="})");
  EXPECT_EQ(entry.at("Attachments").at(1).at("ContentType"), json::value("message/rfc822"));
  EXPECT_EQ(entry.at("Attachments").at(1).at("Filename"), json::value("part-2.eml"));
  EXPECT_EQ(entry.at("Attachments").get_array().size(), 2U);
  EXPECT_EQ(entry.at("TextPart"), json::value("\r\n"));  // the API demands a text
  EXPECT_FALSE(entry.contains("TrackOpens"));
}

TEST(mailjet_send_request, second_text_becomes_a_file) {
  const json::object entry = entry_of(attempt_with(
      "From: a@b.example\r\nTo: x@c.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
      "--m\r\n\r\nfirst\r\n--m\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\ngr\xfc n\r\n--m--\r\n",
      {"x@c.example"}));
  EXPECT_EQ(entry.at("TextPart"), json::value("first"));
  EXPECT_EQ(entry.at("Attachments").at(0).at("Filename"), json::value("part-1.txt"));
  EXPECT_EQ(entry.at("Attachments").at(0).at("Base64Content"), json::value("Z3LDvCBu"));  // in UTF-8
}

TEST(mailjet_send_request, header_fields_of_the_vendor_are_not_the_clients_to_set) {
  const json::object entry =
      entry_of(attempt_with("From: a@b.example\r\nTo: x@c.example\r\nX-MJ-CustomID: theirs\r\nX-Mailjet-Anything: "
                            "1\r\nX-Mine: yes\r\nX-Mailer: m\r\n\r\nHi\r\n",
                            {"x@c.example"}));
  EXPECT_EQ(json::serialize(entry.at("Headers")), R"({"X-Mine":"yes"})");
  EXPECT_EQ(entry.at("CustomID"), json::value("gw-01J0-1"));
}

TEST(mailjet_send_request, earlier_trace_is_kept_in_one_field) {
  const json::object entry = entry_of(attempt_with(
      "Received: from x by gw-2 with ESMTP; now\r\nX-Loop: gw-1\r\nFrom: a@b.example\r\nTo: x@c.example\r\n\r\nHi\r\n",
      {"x@c.example"}));
  EXPECT_EQ(entry.at("Headers").at("X-Loop"), json::value("gw-1, gw-2"));
}

TEST(mailjet_send_request, campaign_is_cut_at_a_character) {
  attempt what = test::to_one();
  what.campaign = std::string(254, 'x') + "ü";
  EXPECT_EQ(entry_of(what).at("CustomCampaign"), json::value(std::string(254, 'x')));
}

TEST(mailjet_send_request, says_what_it_cannot_carry) {
  const std::string head = "From: a@b.example\r\nTo: x@c.example\r\n";
  EXPECT_EQ(refusal_of(attempt_with("From: a@b.example, b@b.example\r\nTo: x@c.example\r\n\r\nHi", {"x@c.example"})),
            "not exactly one address in From");
  EXPECT_EQ(refusal_of(attempt_with(head + "Reply-To: a@b.example, c@b.example\r\n\r\nHi", {"x@c.example"})),
            "several addresses in Reply-To");
  EXPECT_EQ(refusal_of(attempt_with(head + "\r\nHi", {"other@c.example"})), "envelope_differs_from_headers");
  EXPECT_EQ(refusal_of(attempt_with(head + "Cc: y@c.example\r\n\r\nHi", {"x@c.example"})),
            "envelope_differs_from_headers");
  EXPECT_EQ(refusal_of(attempt_with("From: a@b.example\r\nBcc: x@c.example, y@c.example\r\n\r\nHi",
                                    {"x@c.example", "y@c.example"})),
            "no address in To");
  EXPECT_EQ(refusal_of(attempt_with(head + "Subject: " + std::string(256, 'x') + "\r\n\r\nHi", {"x@c.example"})),
            "a subject of over 255 characters");
  EXPECT_EQ(refusal_of(attempt_with(head + "X-A: 1\r\nx-a: 2\r\n\r\nHi", {"x@c.example"})), "repeated field x-a");
  EXPECT_EQ(refusal_of(attempt_with(head + "MIME-Version: 1.0\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n",
                                    {"x@c.example"})),
            "an empty attachment");
  EXPECT_EQ(refusal_of(attempt_with("no header at all", {"x@c.example"})), "malformed header section");
}

TEST(mailjet_send_request, too_large_is_a_matter_of_size) {
  const auto entry = build_send_entry(
      attempt_with("From: a@b.example\r\nTo: x@c.example\r\n\r\n" + std::string(15'000'000, 'x'), {"x@c.example"}));
  EXPECT_EQ(std::get<cannot_carry>(entry).refused_point, "size");
}

TEST(mailjet_send_request, more_than_fifty_recipients_are_not_for_the_api) {
  std::string to;
  std::vector<std::string> recipients;
  for (int i = 0; i < 51; ++i) {
    recipients.push_back("r" + std::to_string(i) + "@c.example");
    to += (i == 0 ? "" : ",\r\n ") + recipients.back();
  }
  const auto entry = build_send_entry(attempt_with("From: a@b.example\r\nTo: " + to + "\r\n\r\nHi", recipients));
  EXPECT_EQ(std::get<cannot_carry>(entry).refused_point, "recipients");
}

TEST(mailjet_mapping, request_is_authenticated_json) {
  const mailjet_mapping mapping{account{"public", "private", false}};
  const auto first = mapping.build_entry(test::to_one());
  const auto second = mapping.build_entry(test::to_three());
  const std::vector<const vendor_entry*> entries{&std::get<vendor_entry>(first), &std::get<vendor_entry>(second)};
  const vendor_request request = mapping.join(entries);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/v3.1/send");
  EXPECT_EQ(request.fields, (std::vector<vendor_field>{{"Authorization", "Basic cHVibGljOnByaXZhdGU="},
                                                       {"Accept", "application/json"},
                                                       {"Content-Type", "application/json"}}));
  const json::value body = json::parse(request.body);
  ASSERT_EQ(body.at("Messages").as_array().size(), 2U);
  EXPECT_EQ(body.at("Messages").at(0).at("To").as_array().size(), 1U);
  EXPECT_EQ(body.at("Messages").at(1).at("To").as_array().size(), 2U);
  EXPECT_FALSE(body.as_object().contains("SandboxMode"));
}

TEST(mailjet_mapping, relay_is_marked_with_our_id) {
  const mailjet_mapping mapping{account{}};
  attempt what = test::to_one();
  what.campaign = "Frühling";
  const relay_marks marks = mapping.mark_for_relay(what);
  ASSERT_EQ(marks.added.size(), 3U);
  EXPECT_EQ(marks.added[0], (vendor_field{"X-MJ-CustomID", "gw-01J0-1"}));
  EXPECT_EQ(marks.added[1], (vendor_field{"X-MJ-EventPayload", R"({"queue_id":"00000000000000000000000000"})"}));
  EXPECT_EQ(marks.added[2].name, "X-Mailjet-Campaign");
  EXPECT_TRUE(is_printable_ascii(marks.added[2].value));
  EXPECT_EQ(mail::decode_encoded_words(marks.added[2].value), "Frühling");
}

TEST(mailjet_mapping, capabilities_are_those_of_the_sheet) {
  const mail::capabilities api = api_capabilities();
  EXPECT_EQ(api.size_max, 15'000'000U);
  EXPECT_EQ(api.recipients_max, 50U);
  EXPECT_FALSE(api.envelope_free);
  EXPECT_FALSE(api.raw_content);
  EXPECT_FALSE(api.null_reverse_path);
  EXPECT_TRUE(relay_capabilities().envelope_free);
  EXPECT_TRUE(relay_capabilities().raw_content);
  for (const char* name : {"dkim-signature", "message-id", "x-mj-customid", "reply-to", "list-id"}) {
    EXPECT_NE(std::find(refused_fields().begin(), refused_fields().end(), name), refused_fields().end()) << name;
  }
}

}  // namespace
}  // namespace stellwerk::adapters::esp::mailjet
