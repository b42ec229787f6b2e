// GetSubmission, CancelSubmission and WatchEvents through a real client.
#include <gmock/gmock.h>

#include "gateway/ingress/grpc/ledger_feed.hpp"
#include "tests/unit/gateway/ingress_grpc/grpc_fixture.hpp"

namespace stellwerk::ingress::grpc {
namespace {

using testing::ElementsAre;
namespace v1 = stellwerk::v1;

class queries : public grpc_fixture {
 protected:
  ::grpc::Status get(const std::string& id, v1::GetSubmissionResponse& answer,
                     std::string authorization = "Bearer let-me-in") {
    ::grpc::ClientContext context;
    authorize(context, std::move(authorization));
    v1::GetSubmissionRequest request;
    request.set_queue_id(id);
    return stub_->GetSubmission(&context, request, &answer);
  }
  ::grpc::Status cancel_submission(const std::string& id, v1::CancelSubmissionResponse& answer) {
    ::grpc::ClientContext context;
    authorize(context);
    v1::CancelSubmissionRequest request;
    request.set_queue_id(id);
    return stub_->CancelSubmission(&context, request, &answer);
  }
  void cancel(const queue_id& id, const std::function<void(result<std::vector<spool::recipient_row>>)>& done) override {
    cancelled_.push_back(id);
    if (drop_) return;  // a dispatcher that lost it
    done(std::vector{recipient_of(id, "anna@example.org", mail::recipient_state::cancelled)});
  }

  std::vector<queue_id> cancelled_;
  bool drop_ = false;
};

TEST_F(queries, a_submission_shows_its_recipients_to_its_tenant) {
  const queue_id id = id_number(1);
  store_.put(message_of(id, "acme"), {recipient_of(id, "anna@example.org", mail::recipient_state::deferred)});
  start();
  v1::GetSubmissionResponse answer;
  const auto status = get(id.to_string(), answer);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(answer.queue_id(), id.to_string());
  EXPECT_EQ(answer.traffic_stream(), v1::TRAFFIC_STREAM_MARKETING);
  ASSERT_EQ(answer.recipients_size(), 1);
  EXPECT_EQ(answer.recipients(0).state(), v1::RecipientState::STATE_DEFERRED);
}

// No existence leak.
TEST_F(queries, P_124_another_tenants_submission_does_not_exist) {
  const queue_id id = id_number(1);
  store_.put(message_of(id, "acme"), {});
  start();
  v1::GetSubmissionResponse answer;
  const auto foreign = get(id.to_string(), answer, "Bearer other-token");
  const auto absent = get(id_number(2).to_string(), answer, "Bearer other-token");
  const auto nonsense = get("nonsense", answer, "Bearer other-token");
  for (const auto& status : {foreign, absent, nonsense}) {
    EXPECT_EQ(status.error_code(), ::grpc::NOT_FOUND);
    EXPECT_EQ(status.error_message(), foreign.error_message());
    EXPECT_EQ(status.error_details(), foreign.error_details());
  }
  EXPECT_EQ(get(id.to_string(), answer, "Bearer nobody").error_code(), ::grpc::UNAUTHENTICATED);
}

TEST_F(queries, a_cancellation_answers_every_recipients_state) {
  const queue_id id = id_number(1);
  store_.put(message_of(id, "acme"), {recipient_of(id, "anna@example.org", mail::recipient_state::deferred)});
  start();
  v1::CancelSubmissionResponse answer;
  ASSERT_TRUE(cancel_submission(id.to_string(), answer).ok());
  ASSERT_EQ(answer.recipients_size(), 1);
  EXPECT_EQ(answer.recipients(0).state(), v1::RecipientState::STATE_CANCELLED);
  EXPECT_THAT(cancelled_, ElementsAre(id));
}

TEST_F(queries, another_tenants_submission_is_not_cancelled) {
  const queue_id id = id_number(1);
  store_.put(message_of(id, "umbrella"), {});
  start();
  v1::CancelSubmissionResponse answer;
  EXPECT_EQ(cancel_submission(id.to_string(), answer).error_code(), ::grpc::NOT_FOUND);
  EXPECT_TRUE(cancelled_.empty());
}

TEST_F(queries, a_cancellation_that_gets_lost_is_answered_all_the_same) {
  drop_ = true;
  const queue_id id = id_number(1);
  store_.put(message_of(id, "acme"), {});
  start();
  v1::CancelSubmissionResponse answer;
  EXPECT_EQ(cancel_submission(id.to_string(), answer).error_code(), ::grpc::UNAVAILABLE);
}

class watching : public grpc_fixture {
 protected:
  void watch(std::string cursor, std::string authorization = "Bearer let-me-in") {
    authorize(context_, std::move(authorization));
    v1::WatchEventsRequest request;
    request.set_cursor(std::move(cursor));
    reader_ = stub_->WatchEvents(&context_, request);
  }
  std::string next() {
    v1::WatchEventsResponse event;
    if (!reader_->Read(&event)) return "end";
    return event.cursor() + " " + event.event().recipient();
  }

  ::grpc::ClientContext context_;
  std::unique_ptr<::grpc::ClientReader<v1::WatchEventsResponse>> reader_;
};

TEST_F(watching, events_come_from_the_oldest_kept_and_then_as_they_happen) {
  tell("acme", "a@example.org");
  tell("umbrella", "not-yours@example.org");
  tell("acme", "b@example.org");
  start();
  watch("");
  EXPECT_EQ(next(), "1 a@example.org");
  EXPECT_EQ(next(), "3 b@example.org");
  server_->notify_ledger(tell("umbrella", "not-yours@example.org"));
  server_->notify_ledger(tell("acme", "c@example.org"));
  EXPECT_EQ(next(), "5 c@example.org");
}

TEST_F(watching, a_cursor_resumes_after_the_event_it_names) {
  for (const char* address : {"a@x.example", "b@x.example", "c@x.example"}) tell("acme", address);
  start();
  watch("2");
  EXPECT_EQ(next(), "3 c@x.example");
}

TEST_F(watching, more_than_a_page_comes_in_order_without_gaps) {
  for (int i = 1; i <= 1700; ++i) tell(i % 2 == 0 ? "acme" : "umbrella", "x@x.example");
  start();
  watch("");
  for (int i = 2; i <= 1700; i += 2) ASSERT_EQ(next(), std::to_string(i) + " x@x.example");
  server_->notify_ledger(tell("acme", "last@x.example"));
  EXPECT_EQ(next(), "1701 last@x.example");
}

TEST_F(watching, what_is_no_cursor_is_refused) {
  start();
  watch("yesterday");
  EXPECT_EQ(next(), "end");
  EXPECT_EQ(reader_->Finish().error_code(), ::grpc::INVALID_ARGUMENT);
}

TEST_F(watching, nobody_watches_without_credentials) {
  start();
  watch("", "Bearer wrong");
  EXPECT_EQ(next(), "end");
  EXPECT_EQ(reader_->Finish().error_code(), ::grpc::UNAUTHENTICATED);
}

TEST_F(watching, a_drain_ends_the_watch) {
  tell("acme", "a@x.example");
  start();
  watch("");
  EXPECT_EQ(next(), "1 a@x.example");
  server_->drain(clock_.steady() + std::chrono::seconds{10});
  EXPECT_EQ(next(), "end");
  EXPECT_EQ(reader_->Finish().error_code(), ::grpc::UNAVAILABLE);
}

TEST_F(watching, a_watcher_that_leaves_is_forgotten) {
  start();
  watch("");
  reader_->WaitForInitialMetadata();
  context_.TryCancel();
  EXPECT_EQ(next(), "end");
  EXPECT_EQ(reader_->Finish().error_code(), ::grpc::CANCELLED);
  server_->notify_ledger(tell("acme", "a@x.example"));
}

class counting_watcher final : public ledger_watcher {
 public:
  void wake() override { ++woken; }
  int woken = 0;
};

TEST(ledger_feed, parks_only_who_has_seen_everything) {
  ledger_feed feed{5};
  counting_watcher watcher;
  EXPECT_FALSE(feed.park(watcher, 4));
  EXPECT_TRUE(feed.park(watcher, 5));
  feed.notify(6);
  EXPECT_EQ(watcher.woken, 1);
  feed.notify(7);
  EXPECT_EQ(watcher.woken, 1) << "parked once, woken once";
  EXPECT_FALSE(feed.unpark(watcher));
  EXPECT_TRUE(feed.park(watcher, 7));
  EXPECT_TRUE(feed.unpark(watcher));
  feed.notify(8);
  EXPECT_EQ(watcher.woken, 1);
}

TEST(ledger_feed, an_older_number_does_not_turn_it_back) {
  ledger_feed feed{5};
  counting_watcher watcher;
  feed.notify(3);
  EXPECT_FALSE(feed.park(watcher, 4));
}

}  // namespace
}  // namespace stellwerk::ingress::grpc
