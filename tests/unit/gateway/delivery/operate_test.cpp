// What an operator may do to queued mail, and what nobody may.
#include "tests/unit/gateway/delivery/delivery_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace stellwerk::delivery {
namespace {

using namespace std::chrono_literals;
using mail::attempt_outcome;
using mail::recipient_state;
using testing::HasSubstr;
using testing::SizeIs;

class operate_test : public delivery_fixture {
 protected:
  static mail::recipient_outcome deferred() {
    return outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "later");
  }
  static operate_order order(operation what, const queue_id& id, std::string destination = "") {
    return {what, authority::operators, id, {}, "asked for", std::move(destination)};
  }
  queue_id waiting_message(const std::vector<std::string>& recipients = {"a@example.org"},
                           std::function<void(spool::accept_request&)> adjust = {}) {
    const queue_id id = submit(recipients, std::move(adjust));
    answer({deferred()});
    return id;
  }
  queue_id unknown_message() {
    const queue_id id = submit({"a@example.org"});
    answer({outcome_of(attempt_outcome::unknown, 0, "", "lost after the dot")});
    return id;
  }
  static void tag_personal(spool::accept_request& request) { request.message.tags = {"personal"}; }
  void only_onprem_for_personal() {
    policy::invariant_config home;
    home.name = "home";
    home.path = "policy.invariants[0]";
    home.when = "\"personal\" in tags";
    home.only = "name == \"onprem\"";
    rules_.invariants.push_back(home);
  }
};

TEST_F(operate_test, a_reroute_goes_there_first_and_stays_redundant) {
  start();
  const queue_id id = waiting_message();
  const auto done = operate(order(operation::reroute, id, "mailjet"));
  ASSERT_THAT(done, SizeIs(1));
  EXPECT_TRUE(done[0].changed);
  EXPECT_EQ(done[0].refusal, "");
  ASSERT_EQ(in_flight_at(), "mailjet");
  answer({connect_refused()});
  EXPECT_EQ(in_flight_at(), "onprem") << "the other way is still there";
}

TEST_F(operate_test, a_reroute_never_passes_an_invariant) {
  only_onprem_for_personal();
  start();
  const queue_id id = waiting_message({"a@example.org"}, tag_personal);
  const auto before = row(id);
  const auto done = operate(order(operation::reroute, id, "mailjet"));
  EXPECT_FALSE(done[0].changed);
  EXPECT_EQ(done[0].refusal, "invariant: home");
  EXPECT_EQ(row(id), before);
  EXPECT_TRUE(runner_.attempts.empty());
}

TEST_F(operate_test, an_invariant_that_comes_after_a_reroute_binds_it_too) {
  start();
  dispatcher_->destinations().drain("mailjet", "so that it waits there");
  dispatcher_->destinations().drain("onprem", "and here");
  const queue_id id = submit({"a@example.org"}, tag_personal);
  operate(order(operation::reroute, id, "mailjet"));
  only_onprem_for_personal();
  auto compiled = policy::compile(rules_, traits_);
  dispatcher_->adopt(std::get<std::shared_ptr<const policy::policy>>(compiled), stream_shares{});
  settle();
  dispatcher_->destinations().resume("mailjet");
  dispatcher_->destinations().resume("onprem");
  pass(2s);
  EXPECT_EQ(in_flight_at(), "onprem");
}

TEST_F(operate_test, an_unknown_outcome_is_not_rerouted) {
  start();
  const queue_id id = unknown_message();
  ASSERT_EQ(row(id).state, recipient_state::unknown);
  const auto done = operate(order(operation::reroute, id, "mailjet"));
  EXPECT_FALSE(done[0].changed);
  EXPECT_THAT(done[0].refusal, HasSubstr("outcome_unknown: tied to onprem"));
  pass(10min);
  EXPECT_EQ(in_flight_at(), "onprem") << "repeated where it may be already";
}

TEST_F(operate_test, nowhere_is_no_place_to_go) {
  start();
  const queue_id id = waiting_message();
  EXPECT_EQ(operate(order(operation::reroute, id, "nowhere"))[0].refusal, "no such destination");
}

TEST_F(operate_test, only_the_recipients_that_are_meant_change) {
  start();
  const queue_id id = waiting_message({"a@example.org", "b@example.org", "c@example.org"});
  operate_order one = order(operation::hold, id);
  one.only = {1};
  const auto done = operate(one);
  ASSERT_THAT(done, SizeIs(3));
  EXPECT_EQ(row(id, 0).state, recipient_state::deferred);
  EXPECT_EQ(row(id, 1).state, recipient_state::held);
  EXPECT_EQ(row(id, 2).state, recipient_state::deferred);
}

TEST_F(operate_test, what_an_order_leaves_alone_goes_its_way) {
  start();
  const queue_id id = waiting_message();
  EXPECT_FALSE(operate(order(operation::release, id))[0].changed) << "it is not held";
  pass(2h);
  EXPECT_EQ(in_flight_at(), "onprem") << "it is still in its lane";
}

TEST_F(operate_test, what_the_bounce_brake_held_is_released_or_bounced) {
  start();
  const queue_id id = waiting_message();
  operate(order(operation::hold, id));
  const auto done = operate(order(operation::bounce, id));
  EXPECT_EQ(done[0].row.state, recipient_state::bounced);
  EXPECT_EQ(row(id).state, recipient_state::bounced);
  ASSERT_EQ(runner_.attempts.size(), 1U) << "the notice";
  EXPECT_EQ(runner_.attempts[0].what.reverse_path, "");
}

TEST_F(operate_test, held_mail_expires_however_much_older_mail_is_held_before_it) {
  rules_.routes[0].via.what = policy::node_config::kind::hold;
  rules_.routes[0].via.children.clear();
  rules_.routes[0].via.name = "not yet";
  start();
  for (int i = 0; i < 250; ++i) {
    submit({"a@example.org"}, [](spool::accept_request& request) { request.message.expires += 1000h; });
  }
  const queue_id id = submit({"late@example.org"}, [this](spool::accept_request& request) {
    request.message.expires = clock_.now() + 1min;
    request.message.dsn_allowed = false;
  });
  ASSERT_EQ(row(id).state, recipient_state::held);
  pass(5min);
  EXPECT_EQ(row(id).state, recipient_state::expired);
}

TEST_F(operate_test, large_held_mail_expires_a_part_at_a_time) {
  rules_.routes[0].via.what = policy::node_config::kind::hold;
  rules_.routes[0].via.children.clear();
  rules_.routes[0].via.name = "not yet";
  start();
  std::vector<queue_id> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(submit({"late@example.org"}, [this](spool::accept_request& request) {
      request.message.expires = clock_.now() + 1min;
      request.message.size = 10'000'000;
      request.message.dsn_allowed = false;
    }));
  }
  const auto expired = [&] {
    return std::count_if(all.begin(), all.end(),
                         [this](const queue_id& id) { return row(id).state == recipient_state::expired; });
  };
  for (int i = 0; i < 300 && expired() == 0; ++i) pass(1s);
  EXPECT_EQ(expired(), 1) << "what two of them return is too much for one sweep";
  pass(5min);
  EXPECT_EQ(expired(), 4);
}

TEST_F(operate_test, an_operator_decides_what_nobody_may_repeat) {
  rules_.routes[0].on_unknown = policy::on_unknown::hold;
  start();
  const queue_id id = unknown_message();
  pass(1h);
  EXPECT_TRUE(runner_.attempts.empty());
  operate(order(operation::retry_now, id));
  EXPECT_EQ(in_flight_at(), "onprem") << "at the same destination";
}

TEST_F(operate_test, an_operator_may_cancel_an_unknown_outcome_a_client_may_not) {
  start();
  const queue_id id = unknown_message();
  operate_order by_client = order(operation::cancel, id);
  by_client.by = authority::client;
  EXPECT_EQ(operate(by_client)[0].row.state, recipient_state::unknown);
  EXPECT_EQ(operate(order(operation::cancel, id))[0].row.state, recipient_state::cancelled);
}

TEST_F(operate_test, the_attempt_keeps_whom_its_decision_passed_over) {
  start();
  dispatcher_->destinations().drain("onprem", "maintenance");
  settle();
  const queue_id id = submit({"a@example.org"});
  ASSERT_EQ(in_flight_at(), "mailjet");
  answer({deferred()});
  ASSERT_THAT(row(id).attempts, SizeIs(1));
  EXPECT_EQ(row(id).attempts[0].passed_over, "onprem: drained");
  EXPECT_EQ(row(id).attempts[0].policy_version, policy_->version());
}

TEST_F(operate_test, an_order_for_a_message_nobody_knows_is_answered) {
  start();
  bool not_found = false;
  dispatcher_->operate(order(operation::hold, ids_.next()), [&](result<std::vector<operated_recipient>> answer) {
    not_found = !answer && answer.error().is(errc::not_found);
  });
  settle();
  EXPECT_TRUE(not_found);
}

}  // namespace
}  // namespace stellwerk::delivery
