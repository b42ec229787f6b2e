// Quotas, money and backlogs: what is counted, and that a restart or a crash loses none of it.
#include "delivery_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using mail::attempt_outcome;
using mail::recipient_state;
using namespace std::chrono_literals;

class counts_test : public delivery_fixture {
 protected:
  // onprem under a limit, what exceeds goes to mailjet.
  void limit_onprem(policy::limit_config limit) {
    policy::node_config node;
    node.what = policy::node_config::kind::limit;
    node.path = "policy.routes[0].via[0]";
    node.limit = limit;
    node.children.push_back(rules_.routes[0].via.children[0]);
    rules_.routes[0].via.children[0] = node;
  }
  static policy::limit_config per_day(std::uint64_t count) {
    policy::limit_config limit;
    limit.per_day = count;
    return limit;
  }
  // Sends one and says where it went.
  std::string send(mail::recipient_outcome outcome = outcome_of(attempt_outcome::delivered)) {
    submit({"a@example.org"});
    const std::string where = in_flight_at();
    if (!where.empty()) answer({std::move(outcome)});
    return where;
  }
  void crash_and_start() {
    shut_down();
    start();
  }
  void adopt() {
    auto compiled = policy::compile(rules_, traits_);
    ASSERT_TRUE(std::holds_alternative<std::shared_ptr<const policy::policy>>(compiled));
    policy_ = std::get<std::shared_ptr<const policy::policy>>(compiled);
    dispatcher_->adopt(policy_, stream_shares{});
    settle();
  }
  destination_snapshot shown(const std::string& name) {
    for (const destination_snapshot& one : dispatcher_->destinations().snapshot()) {
      if (one.name == name) return one;
    }
    ADD_FAILURE() << "no destination " << name;
    return {};
  }
  double stored(const std::string& name) {
    for (const spool::usage_row& row : store_->usage()) {
      if (row.name == name) return row.used;
    }
    return 0;
  }
};

TEST_F(counts_test, a_daily_limit_survives_a_crash) {
  limit_onprem(per_day(3));
  start();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(send(), "onprem");
  crash_and_start();
  EXPECT_EQ(send(), "onprem");
  EXPECT_EQ(send(), "mailjet") << "what exceeds goes on";
  crash_and_start();
  EXPECT_EQ(send(), "mailjet");
  pass(24h);
  EXPECT_EQ(send(), "onprem") << "another day";
}

TEST_F(counts_test, what_is_tied_to_a_destination_is_shown_again_after_a_restart) {
  start();
  gauge::cell tied{0};
  metrics_.destination("onprem", "").unknown = gauge{tied};
  submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::unknown, 0, "", "lost after the dot")});
  EXPECT_EQ(tied, 1);
  tied = 0;  // as a new process begins
  crash_and_start();
  EXPECT_EQ(tied, 1);
  submit({"b@example.org"});  // in flight at the next crash: found unknown
  crash_and_start();
  EXPECT_EQ(tied, 2);
  pass(1h);
  while (!runner_.attempts.empty()) answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(tied, 0);
}

TEST_F(counts_test, a_monthly_quota_survives_a_crash) {
  traits_[0].monthly_quota = 2;
  start();
  EXPECT_EQ(send(), "onprem");
  crash_and_start();
  EXPECT_EQ(send(), "onprem");
  crash_and_start();
  EXPECT_EQ(send(), "mailjet");
}

TEST_F(counts_test, money_survives_a_crash_and_is_never_too_little) {
  traits_[0].cost_per_thousand = policy::money{1000, "EUR"};
  start();
  for (int i = 0; i < 150; ++i) ASSERT_EQ(send(), "onprem");
  EXPECT_DOUBLE_EQ(shown("onprem").spent, 150);
  crash_and_start();
  EXPECT_GE(shown("onprem").spent, 150);
  EXPECT_LE(shown("onprem").spent, 150 * 65.0 / 64);
}

TEST_F(counts_test, an_orderly_stop_leaves_exact_numbers) {
  traits_[0].cost_per_thousand = policy::money{1000, "EUR"};
  limit_onprem(per_day(1000));
  start();
  for (int i = 0; i < 150; ++i) ASSERT_EQ(send(), "onprem");
  submit({"last@example.org"});
  dispatcher_->stop_starting();
  answer({outcome_of(attempt_outcome::delivered)});
  crash_and_start();
  EXPECT_DOUBLE_EQ(shown("onprem").spent, 151);
  EXPECT_DOUBLE_EQ(stored("limit/everything.via[0] per_day"), 151);
}

TEST_F(counts_test, a_crash_with_attempts_under_way_counts_them) {
  limit_onprem(per_day(3));
  start();
  for (int i = 0; i < 3; ++i) submit({"a@example.org"});
  ASSERT_EQ(runner_.attempts.size(), 3U);
  crash_and_start();
  EXPECT_GE(stored("limit/everything.via[0] per_day"), 3);
  runner_.attempts.clear();
  submit({"b@example.org"});
  ASSERT_FALSE(runner_.attempts.empty());
  EXPECT_EQ(runner_.attempts.back().what.destination, "mailjet");
}

TEST_F(counts_test, what_was_not_handed_over_counts_for_nothing) {
  traits_[0].monthly_quota = 2;
  traits_[0].cost_per_thousand = policy::money{1000, "EUR"};
  start();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(send(outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "no such user")), "onprem");
    if (!runner_.attempts.empty()) answer({outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "no")});
  }
  EXPECT_DOUBLE_EQ(shown("onprem").spent, 0);
  EXPECT_EQ(send(outcome_of(attempt_outcome::unknown, 0, "", "lost")), "onprem");
  EXPECT_DOUBLE_EQ(shown("onprem").spent, 1) << "it may have been handed over";
}

TEST_F(counts_test, a_message_larger_than_what_is_left_goes_on_whole) {
  limit_onprem(per_day(3));
  start();
  submit({"a@example.org", "b@example.org"});
  EXPECT_EQ(in_flight_at(), "onprem");
  answer({outcome_of(attempt_outcome::delivered)});
  const queue_id larger = submit({"c@example.org", "d@example.org"});
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(in_flight_at(), "mailjet") << "one is left, two are wanted";
  EXPECT_EQ(row(larger).intent->passed_over, "onprem: quota at_reservation") << "what reserve said is in the decision";
  EXPECT_EQ(runner_.attempts.front().what.recipients.size(), 2U);
}

TEST_F(counts_test, a_budget_is_not_overrun) {
  traits_[0].cost_per_thousand = policy::money{400, "EUR"};
  policy::limit_config budget;
  budget.budget = policy::money{1, "EUR"};
  limit_onprem(budget);
  start();
  EXPECT_EQ(send(), "onprem");
  EXPECT_EQ(send(), "onprem");
  EXPECT_EQ(send(), "mailjet") << "0.8 of 1 EUR are spent, the next costs 0.4";
  crash_and_start();
  EXPECT_EQ(send(), "mailjet");
}

TEST_F(counts_test, a_reload_keeps_what_was_counted) {
  limit_onprem(per_day(2));
  start();
  EXPECT_EQ(send(), "onprem");
  EXPECT_EQ(send(), "onprem");
  rules_.routes[0].via.children[0].limit.per_day = 3;
  rules_.health.window = 31s;  // the marks of health start anew
  adopt();
  EXPECT_EQ(send(), "onprem");
  EXPECT_EQ(send(), "mailjet");
  // The route is taken away and comes back.
  const policy::node_config limited = rules_.routes[0].via.children[0];
  rules_.routes[0].via.children[0] = limited.children[0];
  adopt();
  EXPECT_EQ(send(), "onprem");
  rules_.routes[0].via.children[0] = limited;
  adopt();
  EXPECT_EQ(send(), "mailjet");
}

TEST_F(counts_test, another_monthly_quota_applies_at_once) {
  traits_[0].monthly_quota = 1;
  start();
  EXPECT_EQ(send(), "onprem");
  EXPECT_EQ(send(), "mailjet");
  traits_[0].monthly_quota = 2;
  adopt();
  EXPECT_EQ(send(), "onprem");
  EXPECT_EQ(send(), "mailjet");
}

TEST_F(counts_test, a_drain_outlives_a_reload_of_the_health_settings) {
  start();
  ASSERT_TRUE(dispatcher_->destinations().drain("onprem", "disk swap"));
  rules_.health.window = 31s;
  adopt();
  EXPECT_EQ(shown("onprem").state, "drained");
  EXPECT_EQ(send(), "mailjet");
}

TEST_F(counts_test, the_backlog_is_right_after_a_crash) {
  traits_[0].connections = 1;
  start();
  std::vector<queue_id> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(submit({"a@example.org"}));
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(shown("onprem").backlog, 5) << "one under way, four in line";
  EXPECT_EQ(shown("mailjet").backlog, 0);
  crash_and_start();
  EXPECT_EQ(shown("onprem").backlog, 5);
  adopt();
  EXPECT_EQ(shown("onprem").backlog, 5);
  while (!runner_.attempts.empty()) answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(shown("onprem").backlog, 0);
  for (const queue_id& id : ids) EXPECT_EQ(row(id).state, recipient_state::delivered);
}

TEST_F(counts_test, held_mail_and_notices_are_counted_as_they_are) {
  start();
  submit({"gone@example.org"});
  answer({outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "no such user")});
  ASSERT_EQ(runner_.attempts.size(), 1U) << "the notice";
  EXPECT_EQ(shown("onprem").backlog, 1);
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(shown("onprem").backlog, 0);
}

TEST_F(counts_test, a_warm_up_survives_a_crash_and_grows_with_the_day) {
  policy::limit_config schedule;
  schedule.warmup = policy::warmup_config{std::chrono::floor<std::chrono::days>(clock_.now()), {1, 2}};
  limit_onprem(schedule);
  rules_.routes[0].via.children[0].what = policy::node_config::kind::warmup;
  start();
  EXPECT_EQ(send(), "onprem");
  crash_and_start();
  EXPECT_EQ(send(), "mailjet");
  pass(24h);
  EXPECT_EQ(send(), "onprem");
  EXPECT_EQ(send(), "onprem");
  EXPECT_EQ(send(), "mailjet");
  pass(24h);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(send(), "onprem") << "after the last day there is no bound";
}

}  // namespace
}  // namespace stellwerk::delivery
