// From the wire to the domain: what becomes of each field, and what is refused with which path.
#include "gateway/ingress/grpc/submission_mapping.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "gateway/ingress/grpc/submission_fingerprint.hpp"

namespace stellwerk::ingress::grpc {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
namespace v1 = stellwerk::v1;

constexpr time_point now{std::chrono::milliseconds{1'700'000'000'000}};

v1::Submission raw_submission() {
  v1::Submission request;
  request.mutable_envelope()->set_reverse_path("news@shop.example");
  request.mutable_envelope()->add_recipients("anna@example.org");
  request.set_raw("From: news@shop.example\r\nSubject: Hello\r\n\r\nBody.\r\n");
  return request;
}

v1::Submission email_submission() {
  v1::Submission request;
  v1::Email& email = *request.mutable_email();
  email.mutable_from()->set_address("shop@shop.example");
  email.mutable_from()->set_display_name("The Shop");
  email.add_to()->set_address("anna@example.org");
  email.set_subject("Your order");
  email.set_text("Thank you.");
  return request;
}

class submission_mapping : public testing::Test {
 protected:
  mapped_submission map(v1::Submission request) {
    return map_submission(request, {client_, "gw.example", now, random_});
  }
  std::vector<std::string> fault_paths(v1::Submission request) {
    std::vector<std::string> paths;
    for (const mail::field_fault& fault : map(std::move(request)).faults) paths.push_back(fault.field_path);
    return paths;
  }

  client_config client_;
  seeded_random random_{11};
};

TEST_F(submission_mapping, raw_content_is_taken_as_it_is) {
  const auto mapped = map(raw_submission());
  ASSERT_THAT(mapped.faults, IsEmpty());
  EXPECT_EQ(mapped.form, content_form::raw);
  EXPECT_EQ(mapped.submission.ingress, mail::ingress_kind::grpc);
  EXPECT_EQ(mapped.submission.envelope.reverse_path, "news@shop.example");
  ASSERT_EQ(mapped.submission.envelope.recipients.size(), 1U);
  EXPECT_EQ(mapped.submission.envelope.recipients[0].address, "anna@example.org");
  EXPECT_EQ(*mapped.submission.content, "From: news@shop.example\r\nSubject: Hello\r\n\r\nBody.\r\n");
  EXPECT_FALSE(mapped.submission.envelope.smtputf8);
  EXPECT_FALSE(mapped.submission.envelope.body_8bitmime);
  EXPECT_FALSE(mapped.submission.dsn_allowed);
}

TEST_F(submission_mapping, a_last_line_without_its_end_gets_one) {
  auto request = raw_submission();
  request.set_raw("From: a@shop.example\r\n\r\nBody");
  EXPECT_EQ(*map(std::move(request)).submission.content, "From: a@shop.example\r\n\r\nBody\r\n");
}

TEST_F(submission_mapping, an_absent_reverse_path_is_the_null_one) {
  auto request = raw_submission();
  request.mutable_envelope()->clear_reverse_path();
  const auto mapped = map(std::move(request));
  EXPECT_THAT(mapped.faults, IsEmpty());
  EXPECT_EQ(mapped.submission.envelope.reverse_path, "");
}

TEST_F(submission_mapping, internationalised_domains_become_a_labels) {
  auto request = raw_submission();
  request.mutable_envelope()->set_recipients(0, "anna@Bücher.example");
  const auto mapped = map(std::move(request));
  ASSERT_THAT(mapped.faults, IsEmpty());
  EXPECT_EQ(mapped.submission.envelope.recipients[0].address, "anna@xn--bcher-kva.example");
  EXPECT_FALSE(mapped.submission.envelope.smtputf8);
}

TEST_F(submission_mapping, a_local_part_or_a_header_beyond_ascii_needs_smtputf8) {
  auto request = raw_submission();
  request.mutable_envelope()->set_recipients(0, "jürgen@example.org");
  EXPECT_TRUE(map(std::move(request)).submission.envelope.smtputf8);
  request = raw_submission();
  request.set_raw("From: a@shop.example\r\nSubject: Grüße\r\n\r\nBody\r\n");
  const auto header = map(std::move(request));
  EXPECT_TRUE(header.submission.envelope.smtputf8);
  EXPECT_TRUE(header.submission.envelope.body_8bitmime);
  request = raw_submission();
  request.set_raw("From: a@shop.example\r\n\r\nGrüße\r\n");
  const auto body = map(std::move(request));
  EXPECT_FALSE(body.submission.envelope.smtputf8);
  EXPECT_TRUE(body.submission.envelope.body_8bitmime);
}

// What message smuggling lives on never passes.
TEST_F(submission_mapping, P_010_broken_line_ends_in_raw_content_are_refused) {
  const std::string head = "From: a@shop.example\r\n\r\n";
  for (const std::string& body : {std::string{"a\n.\nb\r\n"}, std::string{"a\r.\rb\r\n"}, std::string{"a\n.\r\nb\r\n"},
                                  std::string{"a\r\n.\nb\r\n"}, std::string{"a\r.\nb\r\n"}, std::string{"a\n.\rb\r\n"},
                                  std::string{"a\r.\r\nb\r\n"}, std::string{"a\r\n.\rb\r\n"},
                                  std::string{"a\r\n\0.\r\nb\r\n", 10}, std::string{"a\r\n.\0\r\nb\r\n", 10},
                                  std::string{"a\r\r\nb\r\n"}, std::string{"a\0b\r\n", 5}, std::string{"a\r"}}) {
    auto request = raw_submission();
    request.set_raw(head + body);
    EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.raw")) << testing::PrintToString(body);
  }
}

TEST_F(submission_mapping, content_is_needed) {
  auto request = raw_submission();
  request.clear_raw();
  EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.content"));
  request = raw_submission();
  request.set_raw("");
  EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.raw"));
}

TEST_F(submission_mapping, an_email_without_envelope_goes_to_its_header_addresses) {
  auto request = email_submission();
  request.mutable_email()->add_cc()->set_address("bob@example.org");
  request.mutable_email()->add_bcc()->set_address("carol@example.org");
  const auto mapped = map(std::move(request));
  ASSERT_THAT(mapped.faults, IsEmpty());
  EXPECT_EQ(mapped.form, content_form::email);
  EXPECT_EQ(mapped.submission.envelope.reverse_path, "shop@shop.example");
  std::vector<std::string> addresses;
  for (const auto& one : mapped.submission.envelope.recipients) addresses.push_back(one.address);
  EXPECT_THAT(addresses, ElementsAre("anna@example.org", "bob@example.org", "carol@example.org"));
  EXPECT_THAT(*mapped.submission.content, HasSubstr("Subject: Your order\r\n"));
  EXPECT_THAT(*mapped.submission.content, HasSubstr("@gw.example>\r\n"));
  // P-104: Bcc stays in the envelope.
  EXPECT_THAT(*mapped.submission.content, Not(HasSubstr("carol")));
}

TEST_F(submission_mapping, the_recipients_of_an_envelope_win_over_the_header) {
  auto request = email_submission();
  request.mutable_envelope()->add_recipients("zoe@example.org");
  const auto mapped = map(std::move(request));
  ASSERT_THAT(mapped.faults, IsEmpty());
  ASSERT_EQ(mapped.submission.envelope.recipients.size(), 1U);
  EXPECT_EQ(mapped.submission.envelope.recipients[0].address, "zoe@example.org");
  EXPECT_EQ(mapped.submission.envelope.reverse_path, "") << "an envelope says what it says";
}

TEST_F(submission_mapping, an_email_needs_a_recipient_a_sender_and_a_text) {
  auto request = email_submission();
  request.mutable_email()->clear_to();
  EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.envelope.recipients"));
  request = email_submission();
  request.mutable_email()->clear_from();
  EXPECT_THAT(fault_paths(std::move(request)), Contains("submission.email.from.address"));
  request = email_submission();
  request.mutable_email()->clear_text();
  EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.email.text"));
}

// Each text field, each character that could start a header of its own.
TEST_F(submission_mapping, P_100_line_breaks_and_nul_are_refused_in_every_field_by_its_name) {
  struct field {
    std::string path;
    std::function<void(v1::Submission&, const std::string&)> set;
  };
  const std::vector<field> fields{
      {"submission.envelope.reverse_path",
       [](auto& r, const auto& x) { r.mutable_envelope()->set_reverse_path("a" + x + "@shop.example"); }},
      {"submission.envelope.recipients[0]",
       [](auto& r, const auto& x) { r.mutable_envelope()->add_recipients("a" + x + "b@example.org"); }},
      {"submission.email.from.address",
       [](auto& r, const auto& x) { r.mutable_email()->mutable_from()->set_address("a" + x + "@shop.example"); }},
      {"submission.email.from.display_name",
       [](auto& r, const auto& x) { r.mutable_email()->mutable_from()->set_display_name("a" + x + "b"); }},
      {"submission.email.to[0].address",
       [](auto& r, const auto& x) { r.mutable_email()->mutable_to(0)->set_address("a@b.example" + x); }},
      {"submission.email.cc[0].display_name",
       [](auto& r, const auto& x) {
         r.mutable_email()->add_cc()->set_address("c@example.org");
         r.mutable_email()->mutable_cc(0)->set_display_name(x);
       }},
      {"submission.email.reply_to[0].display_name",
       [](auto& r, const auto& x) {
         r.mutable_email()->add_reply_to()->set_address("c@example.org");
         r.mutable_email()->mutable_reply_to(0)->set_display_name(x);
       }},
      {"submission.email.subject", [](auto& r, const auto& x) { r.mutable_email()->set_subject("a" + x + "Bcc: b"); }},
      {"submission.email.attachments[0].filename",
       [](auto& r, const auto& x) { r.mutable_email()->add_attachments()->set_filename("a" + x); }},
      {"submission.email.attachments[0].content_type",
       [](auto& r, const auto& x) { r.mutable_email()->add_attachments()->set_content_type("text/plain" + x); }},
      {"submission.email.attachments[0].content_id",
       [](auto& r, const auto& x) { r.mutable_email()->add_attachments()->set_content_id("a" + x); }},
      {"submission.email.headers[0].value",
       [](auto& r, const auto& x) {
         r.mutable_email()->add_headers()->set_name("List-Unsubscribe");
         r.mutable_email()->mutable_headers(0)->set_value("<mailto:a@b.example>" + x);
       }},
      {"submission.email.headers[0].name",
       [](auto& r, const auto& x) { r.mutable_email()->add_headers()->set_name("X-A" + x); }},
      {"submission.campaign", [](auto& r, const auto& x) { r.set_campaign("a" + x); }},
      {"submission.tags[0]", [](auto& r, const auto& x) { r.add_tags("a" + x); }},
      {"submission.metadata", [](auto& r, const auto& x) { (*r.mutable_metadata())["key"] = x; }},
      {"submission.idempotency_key", [](auto& r, const auto& x) { r.set_idempotency_key("a" + x); }},
  };
  for (const field& one : fields) {
    for (const std::string& bad : {std::string{"\r"}, std::string{"\n"}, std::string{"\r\n"}, std::string{"\0", 1}}) {
      auto request = email_submission();
      one.set(request, bad);
      EXPECT_THAT(fault_paths(std::move(request)), Contains(one.path)) << testing::PrintToString(bad);
    }
  }
}

TEST_F(submission_mapping, P_101_header_names_that_are_none_or_not_the_clients_are_refused) {
  for (const std::string& name : {std::string{}, std::string{"X:Y"}, std::string{"X Y"}, std::string{"X\xc3\xa4"},
                                  std::string(1'000'000, 'x'), std::string{"Received"}, std::string{"dkim-signature"},
                                  std::string{"Return-Path"}, std::string{"BCC"}, std::string{"X-Stellwerk-Stream"}}) {
    auto request = email_submission();
    request.mutable_email()->add_headers()->set_name(name);
    request.mutable_email()->mutable_headers(0)->set_value("v");
    EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.email.headers[0].name")) << name.substr(0, 20);
  }
}

TEST_F(submission_mapping, numbers_have_bounds) {
  auto request = raw_submission();
  for (int i = 0; i < 1000; ++i) request.mutable_envelope()->add_recipients("a@example.org");
  EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.envelope.recipients"));
  request = email_submission();
  for (int i = 0; i < 1001; ++i) request.mutable_email()->add_to();
  EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.email.to"));
  request = email_submission();
  for (int i = 0; i < 600; ++i) {
    request.mutable_email()->add_cc()->set_address("c" + std::to_string(i) + "@example.org");
    request.mutable_email()->add_bcc()->set_address("b" + std::to_string(i) + "@example.org");
  }
  EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.email"));
  request = raw_submission();
  for (int i = 0; i < 65; ++i) request.add_tags("t" + std::to_string(i));
  EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.tags"));
  request = raw_submission();
  for (int i = 0; i < 65; ++i) (*request.mutable_metadata())["k" + std::to_string(i)] = "v";
  EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.metadata"));
  request = raw_submission();
  request.set_idempotency_key(std::string(256, 'k'));
  EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.idempotency_key"));
  request.set_idempotency_key(std::string(255, 'k'));
  request.mutable_envelope()->set_reverse_path("news@shop.example");
  EXPECT_THAT(map(request).submission.idempotency_key.size(), 255U);
}

TEST_F(submission_mapping, labels_are_kept_each_once) {
  auto request = raw_submission();
  request.add_tags("otp");
  request.add_tags("eu");
  request.add_tags("otp");
  request.set_campaign("spring");
  (*request.mutable_metadata())["order"] = "4711";
  request.set_dsn(true);
  const auto mapped = map(std::move(request));
  ASSERT_THAT(mapped.faults, IsEmpty());
  EXPECT_THAT(mapped.submission.tags, ElementsAre("otp", "eu"));
  EXPECT_EQ(mapped.submission.campaign, "spring");
  EXPECT_EQ(mapped.submission.metadata.at("order"), "4711");
  EXPECT_TRUE(mapped.submission.dsn_allowed);
}

TEST_F(submission_mapping, times_are_read_and_bounded) {
  const auto seconds = now.time_since_epoch().count() / 1000;
  auto request = raw_submission();
  request.mutable_send_at()->set_seconds(seconds + 3600);
  request.mutable_send_at()->set_nanos(250'999'999);
  request.mutable_lifetime()->set_seconds(90);
  const auto mapped = map(request);
  ASSERT_THAT(mapped.faults, IsEmpty());
  EXPECT_EQ(mapped.submission.send_at, now + std::chrono::hours{1} + std::chrono::milliseconds{250});
  EXPECT_EQ(mapped.submission.lifetime, std::chrono::seconds{90});

  const auto with_send_at = [&](std::int64_t at, std::int32_t nanos) {
    auto one = raw_submission();
    one.mutable_send_at()->set_seconds(at);
    one.mutable_send_at()->set_nanos(nanos);
    return fault_paths(std::move(one));
  };
  EXPECT_THAT(with_send_at(seconds + 30L * 24 * 3600, 0), IsEmpty());
  EXPECT_THAT(with_send_at(seconds + 30L * 24 * 3600 + 1, 0), ElementsAre("submission.send_at"));
  EXPECT_THAT(with_send_at(std::numeric_limits<std::int64_t>::max(), 0), ElementsAre("submission.send_at"));
  EXPECT_THAT(with_send_at(seconds, -1), ElementsAre("submission.send_at"));
  EXPECT_THAT(with_send_at(seconds - 3600, 0), IsEmpty()) << "past: at once";

  const auto with_lifetime = [&](std::int64_t lasts, std::int32_t nanos) {
    auto one = raw_submission();
    one.mutable_lifetime()->set_seconds(lasts);
    one.mutable_lifetime()->set_nanos(nanos);
    return fault_paths(std::move(one));
  };
  EXPECT_THAT(with_lifetime(0, 0), ElementsAre("submission.lifetime"));
  EXPECT_THAT(with_lifetime(-1, 0), ElementsAre("submission.lifetime"));
  EXPECT_THAT(with_lifetime(std::numeric_limits<std::int64_t>::max(), 0), ElementsAre("submission.lifetime"));
  EXPECT_THAT(with_lifetime(0, 1'000'000), IsEmpty());
}

TEST_F(submission_mapping, the_stream_is_the_clients_to_choose_only_if_it_may) {
  auto request = raw_submission();
  request.set_traffic_stream(v1::TRAFFIC_STREAM_MARKETING);
  EXPECT_EQ(map(request).submission.requested_stream, std::nullopt);
  client_.may_choose_stream = true;
  request = raw_submission();
  request.set_traffic_stream(v1::TRAFFIC_STREAM_MARKETING);
  EXPECT_EQ(map(request).submission.requested_stream, mail::traffic_stream::marketing);
  EXPECT_EQ(map(raw_submission()).submission.requested_stream, std::nullopt);
}

TEST_F(submission_mapping, what_is_not_built_yet_is_refused_by_name_and_never_ignored) {
  const std::pair<int, const char*> reserved[] = {
      {5, "submission.template"}, {13, "submission.personalizations"}, {14, "submission.tracking"}};
  for (const auto& [number, path] : reserved) {
    auto request = raw_submission();
    if (number == 5) request.clear_raw();  // of the same oneof
    request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(number, "\x0a\x01x");
    EXPECT_THAT(fault_paths(std::move(request)), ElementsAre(path));
  }
  auto request = raw_submission();
  request.GetReflection()->MutableUnknownFields(&request)->AddVarint(77, 1);
  EXPECT_THAT(fault_paths(std::move(request)), IsEmpty()) << "a field of a later version that we know nothing of";
}

TEST_F(submission_mapping, P_126_an_unknown_stream_is_refused_also_from_others) {
  auto request = raw_submission();
  request.set_traffic_stream(static_cast<v1::TrafficStream>(77));
  EXPECT_THAT(fault_paths(std::move(request)), ElementsAre("submission.traffic_stream"));
}

TEST_F(submission_mapping, every_fault_is_told_at_once) {
  auto request = email_submission();
  request.add_tags("");
  request.mutable_email()->set_subject("a\nb");
  request.mutable_envelope()->add_recipients("nobody");
  EXPECT_THAT(fault_paths(std::move(request)),
              ElementsAre("submission.envelope.recipients[0]", "submission.tags[0]", "submission.email.subject"));
}

TEST_F(submission_mapping, the_fingerprint_is_that_of_the_request_not_of_what_was_generated) {
  auto request = email_submission();
  request.set_idempotency_key("order-1");
  const auto first = map(request);
  request = email_submission();
  request.set_idempotency_key("order-1");
  const auto second = map(request);
  ASSERT_NE(*first.submission.content, *second.submission.content) << "Message-IDs differ";
  EXPECT_EQ(first.submission.fingerprint, second.submission.fingerprint);
  EXPECT_NE(first.submission.fingerprint, (fingerprint{}));
}

TEST(submission_fingerprint, every_field_counts) {
  const std::vector<std::function<void(v1::Submission&)>> changes{
      [](auto& r) { r.mutable_envelope()->set_reverse_path("x@shop.example"); },
      [](auto& r) { r.mutable_envelope()->add_recipients("x@example.org"); },
      [](auto& r) { r.mutable_email()->mutable_from()->set_display_name("Other"); },
      [](auto& r) { r.mutable_email()->add_cc()->set_address("anna@example.org"); },
      [](auto& r) { r.mutable_email()->set_subject("Other"); },
      [](auto& r) { r.mutable_email()->set_html("<p>Thank you.</p>"); },
      [](auto& r) { r.mutable_email()->add_attachments()->set_content("x"); },
      [](auto& r) { r.mutable_email()->add_headers()->set_name("X-A"); },
      [](auto& r) { r.set_raw("x"); },
      [](auto& r) { r.set_traffic_stream(v1::TRAFFIC_STREAM_MARKETING); },
      [](auto& r) { r.set_campaign("c"); },
      [](auto& r) { r.add_tags("t"); },
      [](auto& r) { (*r.mutable_metadata())["k"] = "v"; },
      [](auto& r) { r.mutable_send_at(); },
      [](auto& r) { r.mutable_lifetime()->set_seconds(1); },
      [](auto& r) { r.set_dsn(true); },
  };
  std::vector<fingerprint> seen{fingerprint_of_grpc(email_submission())};
  for (const auto& change : changes) {
    auto request = email_submission();
    change(request);
    const fingerprint made = fingerprint_of_grpc(request);
    EXPECT_THAT(seen, Not(Contains(made))) << seen.size();
    seen.push_back(made);
  }
  auto keyed = email_submission();
  keyed.set_idempotency_key("k");
  EXPECT_EQ(fingerprint_of_grpc(keyed), seen.front()) << "the key is not part of what it names";
}

TEST(submission_fingerprint, the_order_of_metadata_does_not_count) {
  auto one = raw_submission();
  auto other = raw_submission();
  for (int i = 0; i < 20; ++i) (*one.mutable_metadata())["k" + std::to_string(i)] = "v";
  for (int i = 19; i >= 0; --i) (*other.mutable_metadata())["k" + std::to_string(i)] = "v";
  EXPECT_EQ(fingerprint_of_grpc(one), fingerprint_of_grpc(other));
}

}  // namespace
}  // namespace stellwerk::ingress::grpc
