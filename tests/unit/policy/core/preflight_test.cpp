#include <gtest/gtest.h>

#include "tests/unit/policy/core/sample.hpp"

namespace stellwerk::policy {
namespace {

class preflight_test : public ::testing::Test {
 protected:
  preflight_verdict ask() {
    if (!rules_) rules_ = sample_.compiled();
    return rules_->preflight(message_.about());
  }

  sample_policy sample_;
  sample_message message_;
  std::shared_ptr<const policy> rules_;
};

TEST_F(preflight_test, mail_with_a_way_is_accepted) {
  sample_.route("all", to_destination("onprem"));
  EXPECT_TRUE(ask().accepted);
}

TEST_F(preflight_test, a_refuse_route_names_itself_and_its_text) {
  sample_.route("no-bulk", a_refuse("no bulk here"), "recipients > 0");
  sample_.route("all", to_destination("onprem"));
  const auto verdict = ask();
  EXPECT_FALSE(verdict.accepted);
  EXPECT_EQ(verdict.rule, "no-bulk");
  EXPECT_EQ(verdict.reason, "no bulk here");
  EXPECT_FALSE(verdict.size_refused);
}

TEST_F(preflight_test, refusal_does_not_depend_on_whether_an_id_was_drawn_already) {
  sample_.route("no-bulk", a_refuse("no bulk here"));
  message_.accepted(true);
  EXPECT_FALSE(ask().accepted);
}

TEST_F(preflight_test, no_destination_that_invariants_allow_is_refused_by_name) {
  sample_.route("all", a_failover({to_destination("mailjet"), to_destination("ses")}));
  sample_.invariant("home", "", "zone == \"on_prem\"");
  const auto verdict = ask();
  EXPECT_FALSE(verdict.accepted);
  EXPECT_EQ(verdict.rule, "home");
  EXPECT_EQ(verdict.reason, "no destination may carry this message: mailjet: invariant home; ses: invariant home");
}

TEST_F(preflight_test, too_large_for_every_destination_is_a_refusal_of_size) {
  sample_.destination(0).capabilities.size_max = 100;
  sample_.destination(1).capabilities.size_max = 100;
  sample_.route("all", a_failover({to_destination("onprem"), to_destination("mailjet")}));
  message_.body(std::string(200, 'x') + "\r\n");
  const auto verdict = ask();
  EXPECT_FALSE(verdict.accepted);
  EXPECT_TRUE(verdict.size_refused);
  EXPECT_EQ(verdict.rule, "capability");
}

TEST_F(preflight_test, size_at_one_and_an_invariant_at_the_other_is_no_refusal_of_size) {
  sample_.destination(0).capabilities.size_max = 100;
  sample_.route("all", a_failover({to_destination("onprem"), to_destination("mailjet")}));
  sample_.invariant("home", "", "zone == \"on_prem\"");
  message_.body(std::string(200, 'x') + "\r\n");
  const auto verdict = ask();
  EXPECT_FALSE(verdict.accepted);
  EXPECT_FALSE(verdict.size_refused);
}

TEST_F(preflight_test, a_hold_is_accepted) {
  sample_.route("all", a_hold("for review"));
  EXPECT_TRUE(ask().accepted);
}

TEST_F(preflight_test, no_matching_route_is_accepted_and_held_later) {
  sample_.route("tagged", to_destination("onprem"), "\"otp\" in tags");
  EXPECT_TRUE(ask().accepted);
}

TEST_F(preflight_test, a_route_that_may_match_later_speaks_for_a_message) {
  sample_.route("when-down", to_destination("mailjet"), "!available(\"onprem\")");
  sample_.route("rest", a_refuse("only while the MTA is down"));
  EXPECT_TRUE(ask().accepted);
}

TEST_F(preflight_test, a_route_that_may_match_but_carries_nothing_does_not_speak_against_it) {
  sample_.route("late", to_destination("ses"), "attempt > 3");
  sample_.route("rest", to_destination("onprem"));
  sample_.invariant("no-us", "", "zone != \"us\"");
  EXPECT_TRUE(ask().accepted);
}

TEST_F(preflight_test, refuse_behind_destinations_applies_when_filters_leave_none) {
  sample_.route("all", a_failover({to_destination("mailjet"), a_refuse("too private for any way out")}));
  EXPECT_TRUE(ask().accepted);
  sample_.invariant("home", "", "zone == \"on_prem\"");
  rules_ = nullptr;
  EXPECT_EQ(ask().reason, "too private for any way out");
}

}  // namespace
}  // namespace stellwerk::policy
