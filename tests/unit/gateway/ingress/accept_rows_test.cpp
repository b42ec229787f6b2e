#include "gateway/ingress/accept_rows.hpp"

#include <gtest/gtest.h>

namespace stellwerk::ingress {
namespace {

using std::chrono::hours;

const time_point now{std::chrono::milliseconds{1'700'000'000'000}};

mail::submission some_submission() {
  mail::submission out;
  out.content = std::make_shared<const std::string>("From: a@b.example\r\n\r\n");
  out.envelope.reverse_path = "a@b.example";
  out.envelope.recipients = {{"x@to.example", {}}, {"y@to.example", {}}};
  out.dsn_allowed = true;
  return out;
}

TEST(accept_rows, lifetime_comes_from_the_policy_unless_given) {
  mail::submission given = some_submission();
  policy::retry_config retry;
  retry.lifetime = hours{24};
  EXPECT_EQ(make_message_row(given, {}, {}, retry, now).expires, now + hours{24});
  given.lifetime = hours{2};
  EXPECT_EQ(make_message_row(given, {}, {}, retry, now).expires, now + hours{2});
}

TEST(accept_rows, lifetime_counts_from_send_at) {
  mail::submission later = some_submission();
  later.send_at = now + hours{5};
  later.lifetime = hours{2};
  EXPECT_EQ(make_message_row(later, {}, {}, {}, now).expires, now + hours{7});
  later.send_at = now - hours{5};
  EXPECT_EQ(make_message_row(later, {}, {}, {}, now).expires, now + hours{2});
}

TEST(accept_rows, a_send_at_in_the_past_starts_now) {
  mail::submission late = some_submission();
  late.send_at = now - hours{1};
  const auto rows = make_recipient_rows(late, {}, now);
  EXPECT_EQ(rows.at(0).state, mail::recipient_state::ready);
  EXPECT_EQ(rows.at(0).due, now);
}

TEST(accept_rows, no_dsn_to_the_null_sender) {
  mail::submission from_nobody = some_submission();
  from_nobody.envelope.reverse_path.clear();
  EXPECT_FALSE(make_message_row(from_nobody, {}, {}, {}, now).dsn_allowed);
  EXPECT_TRUE(make_message_row(some_submission(), {}, {}, {}, now).dsn_allowed);
}

TEST(accept_rows, repeated_recipients_are_kept_once_in_their_first_place) {
  mail::submission given = some_submission();
  given.envelope.recipients = {
      {"c@to.example", {}}, {"a@to.example", {}}, {"c@to.example", {}}, {"b@to.example", {}}, {"a@to.example", {}}};
  const auto rows = make_recipient_rows(given, {}, now);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].address, "c@to.example");
  EXPECT_EQ(rows[1].address, "a@to.example");
  EXPECT_EQ(rows[2].address, "b@to.example");
  EXPECT_EQ(rows[2].key.index, 2U);
}

TEST(accept_rows, local_parts_that_differ_in_case_are_two_recipients) {
  mail::submission given = some_submission();
  given.envelope.recipients = {{"A@to.example", {}}, {"a@to.example", {}}};
  EXPECT_EQ(make_recipient_rows(given, {}, now).size(), 2U);
}

TEST(accept_rows, a_refused_row_is_final_and_says_why) {
  auto rows = make_recipient_rows(some_submission(), {}, now);
  mark_refused(rows[0], {.accepted = false, .rule = "no-hr", .reason = "not this way", .size_refused = false});
  mark_refused(rows[1], {.accepted = false, .rule = "", .reason = "too large", .size_refused = true});
  EXPECT_EQ(rows[0].state, mail::recipient_state::refused);
  EXPECT_EQ(rows[0].enhanced_status, "5.7.1");
  EXPECT_EQ(rows[0].reason, "no-hr: not this way");
  EXPECT_EQ(rows[1].enhanced_status, "5.3.4");
  EXPECT_EQ(rows[1].reason, "too large");
}

}  // namespace
}  // namespace stellwerk::ingress
