// Submit and SubmitStream through a real client.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>

#include <future>
#include <set>
#include <thread>

#include "tests/unit/gateway/ingress_grpc/grpc_fixture.hpp"

namespace stellwerk::ingress::grpc {
namespace {

using testing::Each;
using testing::Eq;
namespace v1 = stellwerk::v1;
using submit_door = grpc_fixture;

TEST_F(submit_door, ok_means_admitted_and_says_as_what) {
  start();
  v1::SubmitResponse answer;
  const auto status = submit(small_submission(), &answer);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(queue_id::parse(answer.queue_id()));
  EXPECT_FALSE(answer.duplicate());
  EXPECT_EQ(answer.traffic_stream(), v1::TRAFFIC_STREAM_TRANSACTIONAL);
  EXPECT_EQ(answer.stream_reason(), "default");
  ASSERT_EQ(answer.recipients_size(), 1);
  EXPECT_EQ(answer.recipients(0).recipient(), "anna@example.org");
  EXPECT_EQ(answer.recipients(0).state(), v1::RecipientState::STATE_READY);
  ASSERT_EQ(admission_.seen().size(), 1U);
  EXPECT_EQ(*admission_.seen()[0].content, "From: shop@shop.example\r\n\r\nHello.\r\n");
  EXPECT_THAT(admission_.clients(), Each(Eq("shop")));
}

TEST_F(submit_door, P_124_nobody_we_know_is_unauthenticated_also_on_loopback) {
  start();
  for (const std::string& credentials : {std::string{}, std::string{"Bearer wrong"}, std::string{"Basic let-me-in"}}) {
    const auto status = submit(small_submission(), nullptr, credentials);
    EXPECT_EQ(status.error_code(), ::grpc::UNAUTHENTICATED);
    EXPECT_EQ(reason_of(status), "UNKNOWN_CREDENTIALS");
  }
  EXPECT_TRUE(admission_.seen().empty());
}

TEST_F(submit_door, a_fault_names_its_field_and_nothing_is_admitted) {
  start();
  auto bad = small_submission();
  bad.set_raw("From: a@shop.example\n\nHello\n");
  const auto status = submit(bad);
  EXPECT_EQ(status.error_code(), ::grpc::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "submission.raw: bare LF in message");
  EXPECT_TRUE(admission_.seen().empty());
}

TEST_F(submit_door, a_refusal_keeps_its_code_and_reason) {
  refusal refused;
  refused.kind = refusal_kind::idempotency_reused;
  refused.text = "the idempotency key was used for another message";
  admission_.refuse_with = refused;
  start();
  const auto status = submit(small_submission());
  EXPECT_EQ(status.error_code(), ::grpc::ALREADY_EXISTS);
  EXPECT_EQ(reason_of(status), "IDEMPOTENCY_KEY_REUSED");
}

TEST_F(submit_door, a_repetition_is_told_the_first_ones_state) {
  const queue_id first = id_number(9);
  store_.put(message_of(first, "acme"), {recipient_of(first, "anna@example.org", mail::recipient_state::delivered)});
  admission_.repeat_of = first;
  start();
  v1::SubmitResponse answer;
  ASSERT_TRUE(submit(small_submission(), &answer).ok());
  EXPECT_EQ(answer.queue_id(), first.to_string());
  EXPECT_TRUE(answer.duplicate());
  EXPECT_EQ(answer.traffic_stream(), v1::TRAFFIC_STREAM_MARKETING);
  EXPECT_EQ(answer.stream_reason(), "rule bulk");
  ASSERT_EQ(answer.recipients_size(), 1);
  EXPECT_EQ(answer.recipients(0).state(), v1::RecipientState::STATE_DELIVERED);
}

// GRPC itself would say UNIMPLEMENTED.
TEST_F(submit_door, P_126_bytes_that_are_no_request_are_an_invalid_argument) {
  start();
  ::grpc::GenericStub stub{channel_};
  // Invalid UTF-8 in submission.campaign; a cut field; no protobuf at all.
  for (const std::string& bytes :
       {std::string{"\x0a\x04\x3a\x02\xff\xfe"}, std::string{"\x0a\x10\x3a"}, std::string{"\xff\xff\xff"}}) {
    ::grpc::ClientContext context;
    authorize(context);
    const ::grpc::Slice slice{bytes};
    const ::grpc::ByteBuffer request{&slice, 1};
    ::grpc::ByteBuffer answer;
    std::promise<::grpc::Status> done;
    stub.UnaryCall(&context, "/stellwerk.v1.SubmissionService/Submit", {}, &request, &answer,
                   [&](::grpc::Status status) { done.set_value(std::move(status)); });
    const ::grpc::Status status = done.get_future().get();
    EXPECT_EQ(status.error_code(), ::grpc::INVALID_ARGUMENT);
    EXPECT_EQ(reason_of(status), "UNREADABLE_REQUEST");
  }
}

TEST_F(submit_door, unknown_fields_are_ignored) {
  start();
  v1::SubmitRequest request;
  *request.mutable_submission() = small_submission();
  auto* unknown = request.GetReflection()->MutableUnknownFields(&request);
  for (int i = 0; i < 10'000; ++i) unknown->AddVarint(1000 + i, 1);
  ::grpc::ClientContext context;
  authorize(context);
  v1::SubmitResponse answer;
  EXPECT_TRUE(stub_->Submit(&context, request, &answer).ok());
}

TEST_F(submit_door, P_120_a_request_beyond_the_limit_is_resource_exhausted) {
  config_.size_max = 10'000;
  start();
  auto large = small_submission();
  large.set_raw("From: a@shop.example\r\n\r\n" + std::string(3'000'000, 'x'));
  const auto status = submit(large);
  EXPECT_EQ(status.error_code(), ::grpc::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(admission_.seen().empty());
}

// What was asked for is finished; the key answers the repetition.
TEST_F(submit_door, P_122_a_client_that_gives_up_does_not_undo_the_commit) {
  admission_.hold = true;
  start();
  ::grpc::ClientContext context;
  context.AddMetadata("authorization", std::string{"Bearer "} + token);
  context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(200, GPR_TIMESPAN)));
  v1::SubmitRequest request;
  *request.mutable_submission() = small_submission();
  v1::SubmitResponse answer;
  EXPECT_EQ(stub_->Submit(&context, request, &answer).error_code(), ::grpc::DEADLINE_EXCEEDED);
  ASSERT_TRUE(admission_.wait_for_seen(1));
  admission_.release_all();
  EXPECT_TRUE(submit(small_submission()).ok()) << "the door goes on";
}

TEST_F(submit_door, a_stream_answers_each_message_by_its_correlation_id) {
  start();
  ::grpc::ClientContext context;
  authorize(context);
  const auto stream = stub_->SubmitStream(&context);
  constexpr int number = 1000;
  std::jthread writer{[&] {
    for (int i = 0; i < number; ++i) {
      v1::SubmitStreamRequest request;
      request.set_correlation_id(std::to_string(i));
      *request.mutable_submission() = small_submission();
      if (i % 10 == 3) request.mutable_submission()->set_raw("no\nmail");
      if (!stream->Write(request)) break;
    }
    stream->WritesDone();
  }};
  std::set<std::string> accepted;
  std::set<std::string> refused;
  v1::SubmitStreamResponse answer;
  while (stream->Read(&answer)) {
    if (answer.has_accepted()) {
      accepted.insert(answer.correlation_id());
    } else {
      refused.insert(answer.correlation_id());
      EXPECT_EQ(answer.refused().code(), ::grpc::INVALID_ARGUMENT);
    }
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(accepted.size(), 900U);
  EXPECT_EQ(refused.size(), 100U);
  EXPECT_TRUE(refused.contains("993"));
}

TEST_F(submit_door, a_stream_is_not_read_beyond_its_unanswered_messages) {
  config_.unanswered_max = 4;
  admission_.hold = true;
  start();
  ::grpc::ClientContext context;
  authorize(context);
  const auto stream = stub_->SubmitStream(&context);
  v1::SubmitStreamRequest request;
  *request.mutable_submission() = small_submission();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(stream->Write(request));
  stream->WritesDone();
  ASSERT_TRUE(admission_.wait_for_seen(4));
  // A fifth would come within microseconds, if it came.
  EXPECT_FALSE([&] {
    std::promise<bool> never;
    return never.get_future().wait_for(std::chrono::milliseconds{200}) == std::future_status::ready ||
           admission_.seen().size() > 4;
  }());
  admission_.release_all();
  int answers = 0;
  v1::SubmitStreamResponse answer;
  while (stream->Read(&answer)) ++answers;
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answers, 10);
}

TEST_F(submit_door, a_stream_without_credentials_does_not_begin) {
  start();
  ::grpc::ClientContext context;
  limit(context);
  const auto stream = stub_->SubmitStream(&context);
  v1::SubmitStreamResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_EQ(stream->Finish().error_code(), ::grpc::UNAUTHENTICATED);
}

TEST_F(submit_door, a_client_that_leaves_its_stream_leaves_no_trace) {
  admission_.hold = true;
  start();
  {
    ::grpc::ClientContext context;
    authorize(context);
    const auto stream = stub_->SubmitStream(&context);
    v1::SubmitStreamRequest request;
    *request.mutable_submission() = small_submission();
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(admission_.wait_for_seen(5));
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), ::grpc::CANCELLED);
  }
  admission_.release_all();
  EXPECT_TRUE(submit(small_submission()).ok());
}

}  // namespace
}  // namespace stellwerk::ingress::grpc
