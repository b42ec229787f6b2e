// The suppression list at work: at the door, while mail waits, against every way of bringing a recipient back.
#include <gmock/gmock.h>

#include "tests/unit/gateway/delivery/delivery_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using mail::attempt_outcome;
using mail::recipient_state;
using spool::suppression_reason;
using spool::suppression_scope;

class suppress : public delivery_fixture {
 protected:
  static spool::suppression_row a_row(std::string address, std::string tenant = "",
                                      suppression_scope scope = suppression_scope::all) {
    spool::suppression_row row;
    row.address = std::move(address);
    row.tenant = std::move(tenant);
    row.scope = scope;
    row.reason = suppression_reason::complaint;
    row.source = "test";
    return row;
  }
  suppress_answer change(std::vector<spool::suppression_change> changes) {
    std::optional<suppress_answer> answer;
    dispatcher_->suppress(std::move(changes), [&](result<suppress_answer> done) {
      EXPECT_TRUE(done) << done.error().message();
      if (done) answer = *done;
    });
    settle();
    EXPECT_TRUE(answer) << "no answer";
    return answer.value_or(suppress_answer{});
  }
  suppress_answer add(spool::suppression_row row) { return change({{std::move(row), false}}); }
  suppress_answer remove(spool::suppression_row row) { return change({{std::move(row), true}}); }

  // Notices made: messages from the null path.
  [[nodiscard]] int notices() {
    int count = 0;
    for (const auto& held : runner_.attempts) count += held.what.reverse_path.empty() ? 1 : 0;
    return count;
  }
  void expect_suppressed(const queue_id& id, std::uint32_t index = 0) {
    const spool::recipient_row shown = row(id, index);
    EXPECT_EQ(shown.state, recipient_state::suppressed);
    EXPECT_EQ(shown.reason, "suppression:complaint");
    EXPECT_EQ(shown.enhanced_status, "5.7.1");
  }
};

TEST_F(suppress, at_the_door_the_others_get_theirs) {
  start();
  add(a_row("ada@example.org"));
  const queue_id id = submit({"Ada@example.org", "bob@example.org"});
  EXPECT_EQ(accepted_, 1);
  expect_suppressed(id, 0);
  ASSERT_EQ(runner_.attempts.size(), 2U) << "one to bob, and one that tells the sender";
  EXPECT_EQ(notices(), 1);
  for (const auto& held : runner_.attempts) {
    for (const auto& recipient : held.what.recipients) EXPECT_NE(recipient.address, "Ada@example.org");
  }
}

TEST_F(suppress, a_message_to_nobody_else_is_accepted_and_ends) {
  start();
  add(a_row("ada@example.org"));
  const queue_id id = submit({"ada@example.org"}, [](auto& request) { request.message.dsn_allowed = false; });
  EXPECT_EQ(accepted_, 1);
  expect_suppressed(id);
  EXPECT_TRUE(runner_.attempts.empty());
  EXPECT_EQ(store_->count(mail::traffic_stream::transactional, recipient_state::suppressed), 1U);
}

TEST_F(suppress, the_notice_to_a_suppressed_sender_ends_without_another) {
  start();
  add(a_row("ada@example.org"));
  add(a_row("sender@shop.example"));
  submit({"ada@example.org"});
  EXPECT_TRUE(runner_.attempts.empty());
  EXPECT_EQ(store_->count(mail::traffic_stream::transactional, recipient_state::suppressed), 2U);
}

TEST_F(suppress, an_address_put_on_the_list_while_its_mail_waits_is_not_mailed) {
  start();
  const queue_id id = submit({"ada@example.org"});
  answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "later")});
  ASSERT_EQ(row(id).state, recipient_state::deferred);
  add(a_row("ada@example.org"));
  pass(std::chrono::hours{2});
  expect_suppressed(id);
  EXPECT_EQ(row(id).attempts.size(), 1U);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(notices(), 1);
}

TEST_F(suppress, an_attempt_under_way_finishes_and_no_other_follows_at_once) {
  start();
  const queue_id id = submit({"ada@example.org"}, [](auto& request) { request.message.dsn_allowed = false; });
  ASSERT_EQ(in_flight_at(), "onprem");
  add(a_row("ada@example.org"));
  answer({connect_refused()});
  EXPECT_TRUE(runner_.attempts.empty()) << "no failover";
  expect_suppressed(id);
  EXPECT_EQ(row(id).attempts.size(), 1U);
}

TEST_F(suppress, a_bounce_stays_a_bounce) {
  start();
  const queue_id id = submit({"ada@example.org"}, [](auto& request) { request.message.dsn_allowed = false; });
  add(a_row("ada@example.org"));
  answer({outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "no such user")});
  EXPECT_EQ(row(id).state, recipient_state::bounced);
}

TEST_F(suppress, mail_of_unknown_outcome_is_not_repeated) {
  start();
  const queue_id id = submit({"ada@example.org"}, [](auto& request) { request.message.dsn_allowed = false; });
  answer({outcome_of(attempt_outcome::unknown, 0, "", "connection lost")});
  ASSERT_EQ(row(id).state, recipient_state::unknown);
  add(a_row("ada@example.org"));
  pass(std::chrono::minutes{10});
  EXPECT_TRUE(runner_.attempts.empty());
  expect_suppressed(id);
}

TEST_F(suppress, a_notice_about_unknown_outcome_does_not_say_that_nothing_was_sent) {
  start();
  submit({"ada@example.org"});
  answer({outcome_of(attempt_outcome::unknown, 0, "", "connection lost")});
  add(a_row("ada@example.org"));
  pass(std::chrono::minutes{10});
  ASSERT_EQ(notices(), 1);
  const std::string& notice = *runner_.attempts[0].what.content;
  EXPECT_THAT(notice, testing::Not(testing::HasSubstr("nothing was sent")));
  EXPECT_THAT(notice, testing::HasSubstr("may have been delivered"));
}

TEST_F(suppress, scheduled_mail_is_decided_when_its_time_has_come) {
  start();
  const queue_id id = submit({"ada@example.org"}, [this](auto& request) {
    request.message.dsn_allowed = false;
    request.message.send_at = clock_.now() + std::chrono::hours{1};
  });
  add(a_row("ada@example.org"));
  EXPECT_EQ(row(id).state, recipient_state::scheduled);
  pass(std::chrono::minutes{70});
  expect_suppressed(id);
}

TEST_F(suppress, no_operator_and_no_release_brings_it_back) {
  start();
  const queue_id id = submit({"ada@example.org"}, [](auto& request) { request.message.dsn_allowed = false; });
  answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "later")});
  operate_order order;
  order.message = id;
  order.by = authority::operators;
  order.reason = "test";
  order.what = operation::hold;
  operate(order);
  add(a_row("ada@example.org"));
  order.what = operation::reroute;
  order.destination = "mailjet";
  const auto rerouted = operate(order);
  ASSERT_EQ(rerouted.size(), 1U);
  EXPECT_FALSE(rerouted.front().changed);
  EXPECT_EQ(rerouted.front().refusal, "invariant: suppression: complaint");
  order.what = operation::release;
  operate(order);
  expect_suppressed(id);
  EXPECT_TRUE(runner_.attempts.empty());
}

TEST_F(suppress, tenant_and_scope_say_whom_it_is_about) {
  start();
  add(a_row("ada@example.org", "umbrella"));
  add(a_row("ada@example.org", "acme", suppression_scope::marketing));
  submit({"ada@example.org"});
  ASSERT_EQ(runner_.attempts.size(), 1U) << "neither is about transactional mail of acme";
  const auto marketing = [](auto& request) {
    request.message.stream = mail::traffic_stream::marketing;
    request.message.dsn_allowed = false;
  };
  expect_suppressed(submit({"ada@example.org"}, marketing));
  EXPECT_EQ(runner_.attempts.size(), 1U);
}

TEST_F(suppress, it_ends_with_its_time_and_its_row_is_swept) {
  start();
  spool::suppression_row row = a_row("ada@example.org");
  row.expires = clock_.now() + std::chrono::hours{1};
  add(row);
  add(a_row("bob@example.org"));
  submit({"ada@example.org"}, [](auto& request) { request.message.dsn_allowed = false; });
  EXPECT_TRUE(runner_.attempts.empty());
  pass(std::chrono::minutes{61});
  submit({"ada@example.org"});
  EXPECT_EQ(runner_.attempts.size(), 1U);
  pass(std::chrono::hours{2});
  const auto rows = store_->list_suppressions({});
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().address, "bob@example.org");
}

TEST_F(suppress, it_holds_over_a_crash_and_until_it_is_removed) {
  start();
  EXPECT_EQ(add(a_row("ada@example.org")).added, 1U);
  EXPECT_EQ(add(a_row("ada@example.org")).replaced, 1U);
  shut_down();
  start();
  submit({"ada@example.org"}, [](auto& request) { request.message.dsn_allowed = false; });
  EXPECT_TRUE(runner_.attempts.empty());
  EXPECT_EQ(remove(a_row("bob@example.org")).absent, 1U);
  EXPECT_EQ(remove(a_row("ada@example.org")).removed, 1U);
  submit({"ada@example.org"});
  EXPECT_EQ(runner_.attempts.size(), 1U);
  shut_down();
  start();
  EXPECT_TRUE(store_->list_suppressions({})->empty());
}

}  // namespace
}  // namespace stellwerk::delivery
