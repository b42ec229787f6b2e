#include "policy/invariant/capability_filter.hpp"

#include <gtest/gtest.h>

#include "tests/unit/policy/core/sample.hpp"

namespace stellwerk::policy {
namespace {

using mail::attempt_outcome;

class capability_filter_test : public ::testing::Test {
 protected:
  capability_verdict mta() { return check_capabilities(about(), past_, an_mta("onprem")); }
  capability_verdict api() { return check_capabilities(about(), past_, esp_); }
  capability_verdict api_with_relay() {
    esp_.relay_capabilities = mail::capabilities{};
    return api();
  }
  facts about() {
    facts out = message_.about();
    out.sole_attempt_of_all_recipients = sole_;
    return out;
  }

  sample_message message_;
  destination_traits esp_ = an_esp("mailjet");
  history past_;
  bool sole_ = true;
};

TEST_F(capability_filter_test, a_plain_message_goes_everywhere_by_the_main_way) {
  EXPECT_TRUE(mta().allowed);
  const auto verdict = api_with_relay();
  EXPECT_TRUE(verdict.allowed);
  EXPECT_EQ(verdict.way, way::main);
  EXPECT_EQ(verdict.detail, "");
}

TEST_F(capability_filter_test, size_names_both_numbers) {
  message_.body(std::string(200, 'x') + "\r\n");
  esp_.capabilities.size_max = 150;
  const auto verdict = api();
  EXPECT_FALSE(verdict.allowed);
  EXPECT_EQ(verdict.detail, "size " + std::to_string(message_.message().size) + " > 150");
  EXPECT_TRUE(verdict.size_only);
}

TEST_F(capability_filter_test, envelope_that_differs_from_the_header_takes_the_relay) {
  message_.header_to("list@example.org");
  EXPECT_EQ(api().detail, "envelope_differs_from_headers");
  EXPECT_FALSE(api().allowed);
  EXPECT_TRUE(mta().allowed);
  const auto verdict = api_with_relay();
  EXPECT_TRUE(verdict.allowed);
  EXPECT_EQ(verdict.way, way::relay);
  EXPECT_EQ(verdict.detail, "envelope_differs_from_headers");
}

TEST_F(capability_filter_test, a_header_that_names_more_than_the_envelope_would_mail_strangers) {
  message_.header_to("ann@example.org, bob@example.org");
  EXPECT_EQ(api().detail, "envelope_differs_from_headers");
}

TEST_F(capability_filter_test, to_cc_and_bcc_together_are_the_recipients) {
  message_.recipients({"ann@example.org", "bob@example.org", "eve@example.org"});
  message_.header_to("ann@example.org").header("Cc: bob@example.org").header("Bcc: Eve <eve@example.org>");
  EXPECT_TRUE(api().allowed) << api().detail;
}

TEST_F(capability_filter_test, an_unreadable_address_field_is_never_trusted) {
  message_.header("Cc: nobody at all");
  EXPECT_EQ(api().detail, "envelope_differs_from_headers");
}

TEST_F(capability_filter_test, an_api_is_used_only_with_all_recipients_in_the_attempt) {
  message_.recipients({"ann@example.org", "bob@example.org"});
  EXPECT_TRUE(api().allowed);
  sole_ = false;
  EXPECT_EQ(api().detail, "envelope_differs_from_headers");
}

TEST_F(capability_filter_test, after_an_attempt_that_may_have_differed_between_recipients_no_api) {
  message_.recipients({"ann@example.org", "bob@example.org"});
  past_.attempts = {an_attempt("onprem", attempt_outcome::deferred_destination)};
  EXPECT_TRUE(api().allowed);
  past_.attempts = {an_attempt("onprem", attempt_outcome::deferred_recipient)};
  EXPECT_EQ(api().detail, "envelope_differs_from_headers");
  message_.to("ann@example.org");
  EXPECT_TRUE(api().allowed) << "a single recipient differs from nobody";
}

TEST_F(capability_filter_test, more_recipients_than_one_request_takes) {
  esp_.capabilities.recipients_max = 1;
  message_.recipients({"ann@example.org", "bob@example.org"});
  EXPECT_EQ(api().detail, "recipients 2 > 1");
}

TEST_F(capability_filter_test, signed_content_is_not_rebuilt) {
  message_.header("DKIM-Signature: v=1; a=rsa-sha256; d=shop.example; s=k; h=from; bh=x; b=y");
  EXPECT_EQ(api().detail, "dkim_signature");
  EXPECT_TRUE(mta().allowed);
  EXPECT_EQ(api_with_relay().way, way::relay);
}

TEST_F(capability_filter_test, smime_and_pgp_and_calendar_are_not_rebuilt) {
  message_.header("MIME-Version: 1.0").header("Content-Type: application/pkcs7-mime; smime-type=enveloped-data");
  EXPECT_EQ(api().detail, "smime");
  sample_message pgp;
  pgp.body("-----BEGIN PGP MESSAGE-----\r\n");
  EXPECT_EQ(check_capabilities(pgp.about(), past_, esp_).detail, "pgp");
  sample_message meeting;
  meeting.header("MIME-Version: 1.0").header("Content-Type: text/calendar; method=REQUEST");
  EXPECT_EQ(check_capabilities(meeting.about(), past_, esp_).detail, "calendar");
}

TEST_F(capability_filter_test, repeated_fields_collapse_in_an_api) {
  message_.header("X-Note: one").header("X-Note: two");
  EXPECT_EQ(api().detail, "repeated_field x-note");
}

TEST_F(capability_filter_test, a_lost_message_id_prefers_the_relay_but_does_not_filter) {
  esp_.refused_fields = {"from", "message-id", "subject"};
  message_.header("Message-ID: <1@shop.example>");
  EXPECT_TRUE(api().allowed);
  EXPECT_EQ(api().way, way::main);
  EXPECT_EQ(api().detail, "own_message_id");
  EXPECT_EQ(api_with_relay().way, way::relay);
}

TEST_F(capability_filter_test, fields_every_vendor_rebuilds_are_no_loss) {
  esp_.refused_fields = {"from", "to", "subject", "date", "received", "user-agent"};
  message_.header("User-Agent: x").header("Date: Sat, 31 Jan 2026 08:15:00 +0000");
  EXPECT_EQ(api_with_relay().way, way::main);
  EXPECT_EQ(api().detail, "");
}

TEST_F(capability_filter_test, null_reverse_path_needs_a_way_that_carries_it) {
  message_.reverse_path("");
  EXPECT_EQ(api().detail, "null_reverse_path");
  EXPECT_TRUE(mta().allowed);
}

TEST_F(capability_filter_test, smtputf8_is_needed_by_address_or_header) {
  auto old_mta = an_mta("onprem");
  old_mta.capabilities.smtputf8 = false;
  EXPECT_TRUE(check_capabilities(about(), past_, old_mta).allowed);
  message_.to("j\xC3\xB6rg@example.org");
  EXPECT_EQ(check_capabilities(about(), past_, old_mta).detail, "smtputf8");
}

TEST_F(capability_filter_test, a_relay_that_cannot_either_says_its_own_reason) {
  esp_.relay_capabilities = mail::capabilities{};
  esp_.relay_capabilities->size_max = 10;
  message_.header_to("list@example.org");
  const auto verdict = api();
  EXPECT_FALSE(verdict.allowed);
  EXPECT_FALSE(verdict.size_only);
  EXPECT_EQ(verdict.detail,
            "envelope_differs_from_headers; relay: size " + std::to_string(message_.message().size) + " > 10");
}

TEST(capability_difference, only_the_refused_point_counts) {
  auto small = an_mta("a");
  small.capabilities.size_max = 1000;
  auto large = an_mta("b");
  EXPECT_TRUE(differs_in("size", small, large));
  EXPECT_FALSE(differs_in("size", large, large));
  EXPECT_FALSE(differs_in("smtputf8", small, large));
  EXPECT_TRUE(differs_in("8bitmime", small, an_esp("c")));
  EXPECT_FALSE(differs_in("", small, an_esp("c")));
}

}  // namespace
}  // namespace stellwerk::policy
