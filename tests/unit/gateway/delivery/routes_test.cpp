// What the options and nodes of a route do, from acceptance to the settled row.
#include <gmock/gmock.h>

#include "delivery_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using mail::attempt_outcome;
using mail::recipient_state;
using policy::node_config;
using namespace std::chrono_literals;

mail::recipient_outcome greylisted() { return outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "later"); }
mail::recipient_outcome delivered() { return outcome_of(attempt_outcome::delivered); }
mail::recipient_outcome throttled(duration pause) {
  auto outcome = outcome_of(attempt_outcome::throttled, 421, "4.7.0", "too fast");
  outcome.retry_after = pause;
  return outcome;
}

class routes_test : public delivery_fixture {
 protected:
  policy::route_config& the_route() { return rules_.routes[0]; }
  // Puts `node` above the first destination of the route.
  node_config& over_onprem(node_config::kind what) {
    node_config node;
    node.what = what;
    node.path = "policy.routes[0].via[0]";
    node.children.push_back(the_route().via.children[0]);
    the_route().via.children[0] = node;
    return the_route().via.children[0];
  }
  static node_config ending(node_config::kind what, std::string text) {
    node_config node;
    node.what = what;
    node.path = "policy.routes[0].via";
    node.name = std::move(text);
    return node;
  }
  // Where the attempts in flight are, oldest first.
  std::vector<std::string> in_flight() const {
    std::vector<std::string> out;
    for (const auto& one : runner_.attempts) out.push_back(one.what.destination);
    return out;
  }
  void adopt() {
    auto compiled = policy::compile(rules_, traits_);
    ASSERT_TRUE(std::holds_alternative<std::shared_ptr<const policy::policy>>(compiled))
        << std::get<std::vector<policy::policy_fault>>(compiled).front().reason;
    policy_ = std::get<std::shared_ptr<const policy::policy>>(compiled);
    dispatcher_->adopt(policy_, stream_shares{});
    settle();
  }
  void all_out() {
    for (const auto& one : traits_) (void)dispatcher_->destinations().drain(one.name, "a test");
  }
  using names = std::vector<std::string>;
};

TEST_F(routes_test, at_its_deadline_the_next_candidate_is_tried) {
  the_route().deadline = 60s;
  rules_.retry[mail::traffic_stream::transactional].first = 30min;
  rules_.retry[mail::traffic_stream::transactional].max = 30min;
  start();
  const queue_id id = submit({"a@example.org"});
  answer({greylisted()});
  EXPECT_LE(row(id).due, row(id).key.message.accepted_at() + 60s) << "not at the end of a long retry";
  // Its retry may come before the deadline: then the same destination is asked again.
  pass(59s);
  while (!runner_.attempts.empty()) {
    EXPECT_EQ(in_flight_at(), "onprem");
    answer({greylisted()});
  }
  pass(2s);
  EXPECT_EQ(in_flight(), names{"mailjet"});
}

TEST_F(routes_test, at_its_deadline_a_code_is_dropped_and_not_after_a_long_retry) {
  the_route().deadline = 60s;
  the_route().on_deadline = policy::on_deadline::drop;
  rules_.retry[mail::traffic_stream::transactional].first = 30min;
  rules_.retry[mail::traffic_stream::transactional].max = 30min;
  start();
  const queue_id id = submit({"a@example.org"});
  answer({greylisted()});
  pass(59s);
  while (!runner_.attempts.empty()) answer({greylisted()});
  EXPECT_EQ(row(id).state, recipient_state::deferred);
  pass(2s);
  EXPECT_EQ(row(id).state, recipient_state::discarded);
  EXPECT_EQ(row(id).reason, "deadline");
  ASSERT_EQ(runner_.attempts.size(), 1U) << "nobody is mailed a code that has run out";
  EXPECT_EQ(runner_.attempts[0].what.reverse_path, "") << "the sender is told";
  EXPECT_EQ(runner_.attempts[0].what.recipients[0].address, "sender@shop.example");
}

TEST_F(routes_test, a_code_that_may_have_arrived_is_not_dropped_behind_its_destination) {
  the_route().deadline = 60s;
  the_route().on_deadline = policy::on_deadline::drop;
  start();
  const queue_id id = submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::unknown, 0, "", "connection lost")});
  pass(6min);
  answer({greylisted()});
  ASSERT_EQ(row(id).pinned_destination, "onprem");
  pass(2min);
  EXPECT_NE(row(id).state, recipient_state::discarded);
  EXPECT_EQ(in_flight_at(), "onprem");
}

TEST_F(routes_test, in_a_dead_lane_a_code_ends_at_its_deadline) {
  the_route().deadline = 60s;
  the_route().on_deadline = policy::on_deadline::drop;
  start();
  all_out();
  const queue_id id = submit({"a@example.org"});
  pass(59s);
  EXPECT_EQ(row(id).state, recipient_state::deferred);
  pass(2s);
  EXPECT_EQ(row(id).state, recipient_state::discarded);
  EXPECT_EQ(row(id).reason, "deadline");
  EXPECT_TRUE(runner_.attempts.empty());
  EXPECT_EQ(store_->count(mail::traffic_stream::transactional, recipient_state::ready), 1U) << "the notice waits";
  (void)dispatcher_->destinations().resume("onprem");
  settle();
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(runner_.attempts[0].what.recipients[0].address, "sender@shop.example");
  EXPECT_THAT(*runner_.attempts[0].what.content, testing::HasSubstr("Status: 5.4.7"));
}

TEST_F(routes_test, a_code_that_a_restart_finds_in_a_dead_lane_ends_at_its_deadline) {
  the_route().deadline = 60s;
  the_route().on_deadline = policy::on_deadline::drop;
  for (auto& one : traits_) one.monthly_quota = 1;
  start();
  for (int i = 0; i < 2; ++i) {
    submit({"a@example.org"});
    answer({outcome_of(attempt_outcome::delivered)});
  }
  const queue_id id = submit({"a@example.org"});  // nobody may take it this month
  pass(20s);
  shut_down();
  start();
  pass(38s);
  EXPECT_EQ(row(id).state, recipient_state::deferred);
  pass(4s);
  EXPECT_EQ(row(id).state, recipient_state::discarded);
}

TEST_F(routes_test, in_a_dead_lane_the_next_candidate_is_awaited_beyond_the_deadline) {
  the_route().deadline = 60s;
  start();
  all_out();
  const queue_id id = submit({"a@example.org"});
  pass(10min);
  EXPECT_EQ(row(id).state, recipient_state::deferred) << "on_deadline: next drops nothing";
}

TEST_F(routes_test, in_a_dead_lane_a_lifetime_of_its_own_ends_on_time) {
  start();
  all_out();
  const queue_id first =
      submit({"a@example.org"}, [&](auto& request) { request.message.expires = clock_.now() + 20min; });
  const queue_id second =
      submit({"a@example.org"}, [&](auto& request) { request.message.expires = clock_.now() + 10min; });
  pass(599s);
  EXPECT_EQ(row(second).state, recipient_state::deferred);
  pass(4s);
  EXPECT_EQ(row(second).state, recipient_state::expired);
  EXPECT_EQ(row(first).state, recipient_state::deferred);
}

TEST_F(routes_test, on_deferral_wait_repeats_where_it_was_deferred) {
  start();
  submit({"a@example.org"});
  answer({greylisted()});
  EXPECT_TRUE(runner_.attempts.empty());
  pass(2min);
  EXPECT_EQ(in_flight(), names{"onprem"});
}

TEST_F(routes_test, on_deferral_next_moves_on_at_once) {
  the_route().on_deferral = policy::on_deferral::next;
  start();
  const queue_id id = submit({"a@example.org"});
  answer({greylisted()});
  ASSERT_EQ(in_flight(), names{"mailjet"});
  answer({greylisted()});
  EXPECT_TRUE(runner_.attempts.empty()) << "both were asked in this walk";
  EXPECT_EQ(row(id).state, recipient_state::deferred);
}

TEST_F(routes_test, a_mailbox_provider_that_defers_is_left_alone_and_others_go_on) {
  start();
  submit({"a@gmail.com"});
  answer({outcome_of(attempt_outcome::deferred_mailbox_provider, 421, "4.7.28", "unusual rate")});
  const queue_id same = submit({"b@gmail.com"});
  EXPECT_TRUE(runner_.attempts.empty()) << "on_deferral: wait";
  EXPECT_EQ(row(same).state, recipient_state::deferred);
  submit({"c@example.org"});
  EXPECT_EQ(in_flight(), names{"onprem"});
}

TEST_F(routes_test, a_mailbox_provider_that_defers_is_passed_by_with_on_deferral_next) {
  the_route().on_deferral = policy::on_deferral::next;
  start();
  submit({"a@gmail.com"});
  answer({outcome_of(attempt_outcome::deferred_mailbox_provider, 421, "4.7.28", "unusual rate")});
  ASSERT_EQ(in_flight(), names{"mailjet"});
  answer({delivered()});
  submit({"b@gmail.com"});
  EXPECT_EQ(in_flight(), names{"mailjet"});
}

TEST_F(routes_test, throttled_mail_spills_after_its_time_and_not_before) {
  the_route().spill_after = 30s;
  start();
  const queue_id id = submit({"a@example.org"});
  answer({throttled(10min)});
  EXPECT_TRUE(runner_.attempts.empty());
  pass(28s);
  EXPECT_TRUE(runner_.attempts.empty());
  pass(4s);
  ASSERT_EQ(in_flight(), names{"mailjet"});
  answer({delivered()});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
}

TEST_F(routes_test, throttled_mail_without_spill_after_waits_for_the_pause) {
  start();
  submit({"a@example.org"});
  answer({throttled(10min)});
  pass(9min);
  EXPECT_TRUE(runner_.attempts.empty());
  pass(2min);
  EXPECT_EQ(in_flight(), names{"onprem"});
}

TEST_F(routes_test, a_full_destination_keeps_its_mail_until_the_backlog_spills) {
  traits_[0].connections = 1;
  over_onprem(node_config::kind::spill).spill.backlog = 3;
  start();
  for (int i = 0; i < 3; ++i) submit({"a@example.org"});
  EXPECT_EQ(in_flight(), names{"onprem"}) << "one under way and two in line";
  pass(1min);
  EXPECT_EQ(in_flight(), names{"onprem"});
  submit({"b@example.org"});
  ASSERT_GE(runner_.attempts.size(), 2U);
  EXPECT_EQ(in_flight()[1], "mailjet");
  while (!runner_.attempts.empty()) answer({delivered()});
  submit({"c@example.org"});
  EXPECT_EQ(in_flight(), names{"onprem"}) << "the line is short again";
}

TEST_F(routes_test, a_long_wait_spills_too) {
  traits_[0].connections = 1;
  over_onprem(node_config::kind::spill).spill.waited = 2min;
  start();
  submit({"a@example.org"});
  submit({"b@example.org"});
  pass(110s);
  EXPECT_EQ(in_flight(), names{"onprem"});
  pass(15s);
  EXPECT_EQ(in_flight(), (names{"onprem", "mailjet"}));
}

TEST_F(routes_test, a_throttled_destination_spills_beyond_its_backlog) {
  over_onprem(node_config::kind::spill).spill.backlog = 2;
  start();
  submit({"a@example.org"});
  answer({throttled(10min)});
  submit({"b@example.org"});
  pass(2s);
  EXPECT_TRUE(runner_.attempts.empty()) << "two in line are within";
  submit({"c@example.org"});
  pass(2s);
  ASSERT_FALSE(runner_.attempts.empty());
  EXPECT_EQ(in_flight_at(), "mailjet");
}

class shadow_test : public routes_test {
 protected:
  shadow_test() {
    traits_[1].can_sandbox = true;
    node_config& shadow = over_onprem(node_config::kind::shadow);
    shadow.name = "mailjet";
    the_route().via.children.pop_back();
  }
  queue_id submit_tagged(const std::string& tag) {
    return submit({"a@example.org"}, [&](spool::accept_request& request) {
      request.message.tags = {tag};
      request.message.metadata = {{"order", "7"}};
    });
  }
};

TEST_F(shadow_test, a_copy_goes_into_the_sandbox_and_the_mail_its_way) {
  start();
  const queue_id id = submit_tagged("receipt");
  ASSERT_EQ(runner_.attempts.size(), 2U);
  for (const auto& one : runner_.attempts) {
    const bool is_copy = one.what.destination == "mailjet";
    EXPECT_EQ(one.what.sandbox, is_copy) << "only the copy, and always the copy";
    EXPECT_EQ(one.what.tags, names{"receipt"});
    EXPECT_EQ(one.what.metadata.at("order"), "7");
    EXPECT_EQ(one.what.recipients.front().address, "a@example.org");
  }
  const queue_id copy = runner_.attempts[in_flight_at(0) == "mailjet" ? 0 : 1].what.message;
  EXPECT_NE(copy, id);
  answer({delivered()});
  answer({delivered()});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
  EXPECT_EQ(row(copy).state, recipient_state::discarded) << "a copy is never delivered";
  EXPECT_EQ(row(copy).reason, "shadow: delivered");
}

TEST_F(shadow_test, there_is_one_copy_however_often_the_mail_is_tried) {
  start();
  submit_tagged("receipt");
  ASSERT_EQ(runner_.attempts.size(), 2U);
  answer({greylisted()});
  answer({greylisted()});
  std::size_t copies = 0;
  for (int i = 0; i < 5; ++i) {
    pass(3min);
    while (!runner_.attempts.empty()) {
      copies += in_flight_at() == "mailjet" ? 1 : 0;
      answer({delivered()});
    }
  }
  EXPECT_EQ(copies, 1U) << "the deferred copy itself, tried again";
}

TEST_F(shadow_test, a_refused_copy_bounces_nobody_and_costs_nothing) {
  traits_[1].cost_per_thousand = policy::money{1000, "EUR"};
  traits_[1].monthly_quota = 1;
  start();
  for (int i = 0; i < 3; ++i) {
    submit_tagged("receipt");
    ASSERT_EQ(runner_.attempts.size(), 2U) << "no quota stops a copy";
    for (int k = 0; k < 2; ++k) {
      answer({in_flight_at() == "mailjet"
                  ? outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "no such user")
                  : delivered()});
    }
    EXPECT_TRUE(runner_.attempts.empty()) << "no notice";
  }
  EXPECT_DOUBLE_EQ(dispatcher_->destinations().budget_spent("mailjet"), 0);
}

TEST_F(shadow_test, an_invariant_that_binds_the_mail_binds_its_copy) {
  traits_[0].zone = "on_prem";
  rules_.invariants.push_back({"home", "policy.invariants[0]", "\"personal\" in tags", "zone == \"on_prem\"", ""});
  start();
  submit_tagged("personal");
  EXPECT_EQ(in_flight(), names{"onprem"});
}

TEST_F(shadow_test, a_copy_survives_a_restart_as_a_copy) {
  start();
  runner_.dead = {"mailjet"};
  submit_tagged("receipt");
  while (!runner_.attempts.empty()) answer({in_flight_at() == "mailjet" ? connect_refused() : delivered()});
  shut_down();
  runner_.dead.clear();
  start();
  pass(15min);
  ASSERT_EQ(in_flight(), names{"mailjet"});
  EXPECT_TRUE(runner_.attempts.front().what.sandbox);
}

TEST_F(routes_test, discarded_mail_is_accepted_and_never_sent) {
  the_route().via = ending(node_config::kind::discard, "nobody reads it");
  start();
  const queue_id id = submit({"a@example.org"});
  EXPECT_EQ(accepted_, 1);
  EXPECT_EQ(row(id).state, recipient_state::discarded);
  EXPECT_EQ(row(id).reason, "nobody reads it");
  EXPECT_TRUE(runner_.attempts.empty()) << "nor is anybody told";
}

TEST_F(routes_test, a_reload_throws_nothing_away_that_was_accepted_to_be_sent) {
  start();
  const queue_id id = submit({"a@example.org"});
  answer({greylisted()});
  the_route().via = ending(node_config::kind::discard, "junk");
  adopt();
  pass(2min);
  EXPECT_EQ(row(id).state, recipient_state::held);
  EXPECT_EQ(row(id).reason, "policy_discards");
}

TEST_F(routes_test, mail_whose_time_comes_under_a_discard_is_discarded) {
  the_route().via = ending(node_config::kind::discard, "junk");
  start();
  const queue_id id = submit({"a@example.org"}, [&](auto& request) { request.message.send_at = clock_.now() + 1h; });
  EXPECT_EQ(row(id).state, recipient_state::scheduled);
  pass(61min);
  EXPECT_EQ(row(id).state, recipient_state::discarded);
}

// Who has most in line does not get every slot that comes free: tenants of a stream take turns, however many there are.
class tenants_test : public routes_test, public testing::WithParamInterface<int> {};

TEST_P(tenants_test, take_turns_at_a_destination_with_one_connection) {
  const int tenants = GetParam();
  for (auto& one : traits_) one.connections = 1;
  start();
  std::map<queue_id, int> tenant_of;
  for (int tenant = 0; tenant < tenants; ++tenant) {
    for (int i = 0; i < (tenant == 0 ? 30 : 10); ++i) {
      const queue_id id = submit({"a@example.org"},
                                 [&](auto& request) { request.message.tenant = "tenant-" + std::to_string(tenant); });
      tenant_of[id] = tenant;
    }
  }
  std::map<int, int> delivered;
  for (int i = 0; i < 5 * tenants; ++i) {
    ASSERT_EQ(runner_.attempts.size(), 1U);
    ++delivered[tenant_of[runner_.attempts[0].what.message]];
    answer({outcome_of(attempt_outcome::delivered)});
  }
  for (int tenant = 0; tenant < tenants; ++tenant) EXPECT_GE(delivered[tenant], 4) << tenant;
}

INSTANTIATE_TEST_SUITE_P(of_several, tenants_test, testing::Values(2, 3, 4, 5, 6, 8));

}  // namespace
}  // namespace stellwerk::delivery
