// Refusals as google.rpc.Status: code, reason, blamed field, when to come again.
#include "gateway/ingress/grpc/call_status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "gateway/ingress/refusal_text.hpp"
#include "google/rpc/error_details.pb.h"

namespace stellwerk::ingress::grpc {
namespace {

using ::grpc::StatusCode;

template <class Detail>
std::optional<Detail> detail_of(const google::rpc::Status& status) {
  Detail detail;
  for (const auto& one : status.details()) {
    if (one.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

refusal make(refusal_kind kind, std::string field = {}, std::string rule = {}) {
  refusal made;
  made.kind = kind;
  made.text = "why";
  made.field = std::move(field);
  made.rule = std::move(rule);
  return made;
}

struct expected_status {
  refusal_kind kind;
  StatusCode code;
  std::string reason;
};

class every_refusal : public testing::TestWithParam<expected_status> {};

TEST_P(every_refusal, has_its_code_and_reason) {
  const auto status = status_of(make(GetParam().kind), content_form::raw);
  EXPECT_EQ(status.code(), GetParam().code);
  const auto info = detail_of<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->reason(), GetParam().reason);
  EXPECT_EQ(info->domain(), "stellwerk");
}

const expected_status all_refusals[] = {
    {refusal_kind::malformed, StatusCode::INVALID_ARGUMENT, "MALFORMED_MESSAGE"},
    {refusal_kind::too_large, StatusCode::RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE"},
    {refusal_kind::sender_not_allowed, StatusCode::PERMISSION_DENIED, "SENDER_NOT_ALLOWED"},
    {refusal_kind::recipient_not_allowed, StatusCode::PERMISSION_DENIED, "RECIPIENT_NOT_ALLOWED"},
    {refusal_kind::rate, StatusCode::RESOURCE_EXHAUSTED, "RATE_EXCEEDED"},
    {refusal_kind::policy, StatusCode::FAILED_PRECONDITION, "POLICY_REFUSES"},
    {refusal_kind::idempotency_reused, StatusCode::ALREADY_EXISTS, "IDEMPOTENCY_KEY_REUSED"},
    {refusal_kind::loop, StatusCode::INVALID_ARGUMENT, "MAIL_LOOP"},
    {refusal_kind::queue_full, StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL"},
    {refusal_kind::store_failed, StatusCode::UNAVAILABLE, "STORE_FAILED"},
    {refusal_kind::draining, StatusCode::UNAVAILABLE, "DRAINING"},
};
static_assert(std::size(all_refusals) == refusal_kinds_count);

INSTANTIATE_TEST_SUITE_P(call_status, every_refusal, testing::ValuesIn(all_refusals),
                         [](const auto& one) { return std::string{to_string(one.param.kind)}; });

TEST(call_status, a_policy_refusal_names_the_rule_and_the_submission) {
  const auto status = status_of(make(refusal_kind::policy, "", "no-gambling"), content_form::email);
  EXPECT_EQ(detail_of<google::rpc::ErrorInfo>(status)->metadata().at("rule"), "no-gambling");
  EXPECT_EQ(detail_of<google::rpc::BadRequest>(status)->field_violations(0).field(), "submission");
}

TEST(call_status, what_no_destination_could_carry_is_a_failed_precondition) {
  EXPECT_EQ(status_of(make(refusal_kind::too_large, "", "capability"), content_form::raw).code(),
            StatusCode::FAILED_PRECONDITION);
}

TEST(call_status, the_blamed_field_is_a_path_of_the_request) {
  const auto path = [](const refusal& refused, content_form form) {
    return detail_of<google::rpc::BadRequest>(status_of(refused, form))->field_violations(0).field();
  };
  EXPECT_EQ(path(make(refusal_kind::sender_not_allowed, "From"), content_form::email), "submission.email.from");
  EXPECT_EQ(path(make(refusal_kind::sender_not_allowed, "From"), content_form::raw), "submission.raw");
  EXPECT_EQ(path(make(refusal_kind::sender_not_allowed, "envelope.reverse_path"), content_form::raw),
            "submission.envelope.reverse_path");
  EXPECT_EQ(path(make(refusal_kind::idempotency_reused, "idempotency_key"), content_form::email),
            "submission.idempotency_key");
  EXPECT_EQ(path(make(refusal_kind::malformed), content_form::raw), "submission.raw");
  EXPECT_EQ(path(make(refusal_kind::malformed), content_form::email), "submission.email");
}

TEST(call_status, retry_info_stands_where_another_try_helps) {
  refusal refused = make(refusal_kind::rate);
  refused.retry_after = std::chrono::milliseconds{1250};
  const auto retry = detail_of<google::rpc::RetryInfo>(status_of(refused, content_form::raw));
  ASSERT_TRUE(retry);
  EXPECT_EQ(retry->retry_delay().seconds(), 1);
  EXPECT_EQ(retry->retry_delay().nanos(), 250'000'000);
  EXPECT_FALSE(detail_of<google::rpc::RetryInfo>(status_of(make(refusal_kind::malformed), content_form::raw)));
  EXPECT_TRUE(detail_of<google::rpc::RetryInfo>(draining()));
  EXPECT_TRUE(detail_of<google::rpc::RetryInfo>(too_busy()));
}

TEST(call_status, faults_are_listed_and_the_trailer_stays_small) {
  std::vector<mail::field_fault> faults{{"submission.tags[3]", "an empty tag"}, {"submission.raw", "is empty"}};
  auto status = status_of_faults(faults);
  EXPECT_EQ(status.code(), StatusCode::INVALID_ARGUMENT);
  auto bad = detail_of<google::rpc::BadRequest>(status);
  ASSERT_EQ(bad->field_violations_size(), 2);
  EXPECT_EQ(bad->field_violations(1).field(), "submission.raw");
  EXPECT_EQ(bad->field_violations(1).description(), "is empty");
  faults.assign(1000, faults[0]);
  status = status_of_faults(faults);
  EXPECT_LT(status.ByteSizeLong(), 6000U);
  refusal refused = make(refusal_kind::policy);
  refused.text = std::string(10'000, 'x');
  EXPECT_LT(status_of(refused, content_form::raw).ByteSizeLong(), 6000U);
}

TEST(call_status, the_details_travel_with_the_grpc_status) {
  const auto status = to_grpc(unauthenticated());
  EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED);
  google::rpc::Status read;
  ASSERT_TRUE(read.ParseFromString(status.error_details()));
  EXPECT_EQ(detail_of<google::rpc::ErrorInfo>(read)->reason(), "UNKNOWN_CREDENTIALS");
}

}  // namespace
}  // namespace stellwerk::ingress::grpc
