// Every fault of a configuration at once, each with its place.
#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/policy/core/sample.hpp"

namespace stellwerk::policy {
namespace {

class compile_test : public ::testing::Test {
 protected:
  // The reason given for `path`; "" if there is none.
  std::string reason(const std::string& path) {
    for (const policy_fault& one : sample_.faults()) {
      if (one.path == path) return one.reason;
    }
    return "";
  }
  static node_config at(std::string path, node_config node) {
    node.path = std::move(path);
    return node;
  }

  sample_policy sample_;
};

TEST_F(compile_test, all_faults_are_told_at_once) {
  sample_.route("a", at("r.via", to_destination("nowhere")), "strem == \"marketing\"");
  sample_.route("a", at("r.via", a_failover({})));
  sample_.invariant("i", "size", "zon == \"eu\"");
  sample_.rule("c", "recipient.domain == \"x\"", mail::traffic_stream::marketing);
  EXPECT_GE(sample_.faults().size(), 7U);
}

TEST_F(compile_test, an_unknown_destination_has_a_hint) {
  sample_.route("a", at("policy.routes[0].via", to_destination("mailjett")));
  EXPECT_EQ(reason("policy.routes[0].via"), "unknown destination 'mailjett'; did you mean 'mailjet'?");
}

TEST_F(compile_test, a_name_far_from_all_has_none) {
  sample_.route("a", at("v", to_destination("postal-service")));
  EXPECT_EQ(reason("v"), "unknown destination 'postal-service'");
}

TEST_F(compile_test, a_removed_destination_cannot_be_routed_to) {
  sample_.destination(1).removed = true;
  sample_.route("a", at("v", to_destination("mailjet")));
  EXPECT_EQ(reason("v"), "destination 'mailjet' is removed");
}

TEST_F(compile_test, names_are_unique) {
  sample_.route("a", to_destination("onprem"));
  sample_.route("a", to_destination("onprem"));
  EXPECT_EQ(reason("policy.routes[1].name"), "'a' is the name of another one");
}

TEST_F(compile_test, no_route_is_a_fault) {
  EXPECT_EQ(reason("policy.routes"), "there is no route: mail could not go anywhere");
}

TEST_F(compile_test, an_empty_list_is_a_fault) {
  sample_.route("a", at("v", a_failover({})));
  EXPECT_NE(reason("v"), "");
}

TEST_F(compile_test, an_expression_fault_has_its_column) {
  sample_.route("a", to_destination("onprem"), "size > 10 && strem == \"marketing\"");
  const auto faults = sample_.faults();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0].path, "policy.routes[0].when");
  EXPECT_EQ(faults[0].column, 14U);
  EXPECT_NE(faults[0].reason.find("strem"), std::string::npos) << faults[0].reason;
}

TEST_F(compile_test, a_condition_must_answer_yes_or_no) {
  sample_.route("a", to_destination("onprem"), "size");
  EXPECT_NE(reason("policy.routes[0].when"), "");
}

TEST_F(compile_test, classify_knows_neither_recipient_nor_stream) {
  for (const std::string source :
       {"recipient.domain == \"a\"", "stream == \"marketing\"", "mailbox_provider == \"google\"", "attempt > 0",
        "now > timestamp(\"2026-01-01T00:00:00Z\")", "zone == \"eu\"", "available(\"onprem\")"}) {
    sample_policy sample;
    sample.route("a", to_destination("onprem"));
    sample.rule("c", source, mail::traffic_stream::marketing);
    EXPECT_EQ(sample.faults().size(), 1U) << source;
  }
}

TEST_F(compile_test, a_refuse_route_may_not_name_what_changes_while_mail_waits) {
  for (const std::string source : {"attempt > 0", "age > duration(\"1s\")", "now > timestamp(\"2026-01-01T00:00:00Z\")",
                                   "available(\"onprem\")", "backlog(\"onprem\") > 0", "spent(\"onprem\") > 1.0"}) {
    sample_policy refusing;
    refusing.route("a", a_refuse("no"), source);
    EXPECT_EQ(refusing.faults().size(), 1U) << source;
    sample_policy nested;
    nested.route("a", a_failover({to_destination("onprem"), a_refuse("no")}), source);
    EXPECT_EQ(nested.faults().size(), 1U) << source;
    sample_policy ordinary;
    ordinary.route("a", to_destination("onprem"), source);
    EXPECT_TRUE(ordinary.faults().empty()) << source;
  }
}

TEST_F(compile_test, invariants_name_the_candidate_only_in_only_and_never_the_moment) {
  sample_.route("a", to_destination("onprem"));
  sample_.invariant("one", "zone == \"eu\"", "zone == \"eu\"");
  sample_.invariant("two", "", "attempt == 0");
  sample_.invariant("three", "", "available(name)");
  EXPECT_NE(reason("policy.invariants[0].when"), "");
  EXPECT_EQ(reason("policy.invariants[0].only"), "");
  EXPECT_NE(reason("policy.invariants[1].only"), "");
  EXPECT_NE(reason("policy.invariants[2].only"), "");
}

TEST_F(compile_test, an_invariant_needs_only) {
  sample_.route("a", to_destination("onprem"));
  sample_.invariant("one", "size > 1", "");
  EXPECT_NE(reason("policy.invariants[0]"), "");
}

TEST_F(compile_test, the_functions_ask_known_destinations) {
  sample_.route("a", to_destination("onprem"), "available(\"onprm\")");
  EXPECT_EQ(reason("policy.routes[0].when"), "unknown destination 'onprm'; did you mean 'onprem'?");
}

TEST_F(compile_test, weights_are_numbers_from_zero_and_not_all_zero) {
  sample_.route("a", a_split({{"mailjet", -1}, {"ses", 0}}));
  EXPECT_EQ(reason("via.split.mailjet"), "a weight is 0 or more");
  EXPECT_EQ(reason("via"), "at least one weight must be above 0");
}

TEST_F(compile_test, a_split_knows_its_members) {
  sample_.route("a", a_split({{"mailjet", 1}, {"sess", 1}}));
  EXPECT_EQ(reason("via.split.sess"), "unknown destination 'sess'; did you mean 'ses'?");
}

TEST_F(compile_test, a_limit_has_exactly_one_bound_above_zero) {
  sample_.route("a", a_limit({}, to_destination("onprem")));
  EXPECT_NE(reason("via"), "");
  limit_config zero;
  zero.concurrency = 0;
  sample_policy other;
  other.route("a", a_limit(zero, to_destination("onprem")));
  EXPECT_EQ(other.faults().size(), 1U);
  limit_config both;
  both.per_day = 5;
  both.per_month = 5;
  sample_policy third;
  third.route("a", a_limit(both, to_destination("onprem")));
  EXPECT_EQ(third.faults().size(), 1U);
}

TEST_F(compile_test, a_budget_needs_a_price_in_its_currency) {
  limit_config budget;
  budget.budget = money{100, "EUR"};
  sample_.route("a", a_limit(budget, a_failover({to_destination("mailjet"), to_destination("onprem")})));
  EXPECT_EQ(reason("via"), "a budget in EUR needs cost_per_thousand in EUR at destination 'onprem'");
}

TEST_F(compile_test, nothing_may_stand_behind_a_hold_or_refuse) {
  sample_.route("a", a_failover({a_hold("stop"), to_destination("onprem")}));
  EXPECT_EQ(reason("via[1]"), "is never reached: what stands before it ends the route");
}

TEST_F(compile_test, settings_are_in_their_ranges) {
  sample_.route("a", to_destination("onprem"));
  sample_.config().health.failure_ratio = 1.5;
  sample_.config().retry[mail::traffic_stream::marketing].factor = 0.5;
  EXPECT_NE(reason("policy.health.failure_ratio"), "");
  EXPECT_NE(reason("policy.retry.marketing.factor"), "");
}

TEST_F(compile_test, a_route_describes_its_tree) {
  limit_config rate;
  rate.rate_per_second = 50;
  sample_.route("a", a_failover({a_split({{"mailjet", 95}, {"ses", 5}}), a_limit(rate, to_destination("onprem"))}));
  const auto rules = sample_.compiled();
  EXPECT_EQ(rules->describe(0), "failover(split(mailjet 95, ses 5 by recipient), limit(rate 50/s, onprem))");
  EXPECT_EQ(rules->limits().size(), 1U);
  EXPECT_EQ(rules->limit_names()[0], "a.via[1]") << "what it is called over reloads";
}

TEST_F(compile_test, the_version_names_the_meaning) {
  sample_.route("a", to_destination("onprem"));
  const std::string version = sample_.compiled()->version();
  EXPECT_EQ(version.size(), 64U);
  EXPECT_EQ(sample_.compiled()->version(), version);
  sample_.destinations({an_esp("ses", "us"), an_esp("mailjet"), an_mta("onprem")});
  EXPECT_EQ(sample_.compiled()->version(), version) << "the order of destinations means nothing";
  sample_.destination(2).zone = "eu";
  EXPECT_NE(sample_.compiled()->version(), version);
}

TEST_F(compile_test, every_setting_that_decides_changes_the_version) {
  std::vector<std::string> versions;
  const auto note = [&] { versions.push_back(sample_.compiled()->version()); };
  route_config* route = &sample_.route("a", a_split({{"mailjet", 95}, {"ses", 5}}));
  note();
  route->via.weights[0].second = 90;
  note();
  route->via.by = split_by::campaign;
  note();
  route->deadline = std::chrono::seconds{60};
  note();
  route->on_unknown = on_unknown::hold;
  note();
  route->when = "size > 1";
  note();
  sample_.invariant("i", "", "zone == \"eu\"");
  note();
  sample_.config().health.connect_failures = 3;
  note();
  sample_.config().otherwise = mail::traffic_stream::marketing;
  note();
  std::sort(versions.begin(), versions.end());
  EXPECT_EQ(std::unique(versions.begin(), versions.end()), versions.end());
}

}  // namespace
}  // namespace stellwerk::policy
