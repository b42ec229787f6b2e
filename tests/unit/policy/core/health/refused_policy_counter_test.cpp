#include "policy/health/refused_policy_counter.hpp"

#include <gtest/gtest.h>

namespace stellwerk::policy {
namespace {

using mail::attempt_outcome;

std::string domain(int i) { return "d" + std::to_string(i % 3) + ".example"; }

TEST(refused_policy_counter, ten_in_a_row_from_three_domains_are_a_refused_account) {
  refused_policy_counter counter;
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(counter.record(attempt_outcome::refused_policy, domain(i)));
  EXPECT_TRUE(counter.record(attempt_outcome::refused_policy, domain(9)));
  EXPECT_FALSE(counter.record(attempt_outcome::refused_policy, domain(10))) << "starts over";
}

TEST(refused_policy_counter, two_domains_are_never_enough) {
  refused_policy_counter counter;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(counter.record(attempt_outcome::refused_policy, i % 2 == 0 ? "a.example" : "b.example"));
  }
  EXPECT_TRUE(counter.record(attempt_outcome::refused_policy, "c.example"));
}

TEST(refused_policy_counter, a_success_between_starts_over_and_other_outcomes_do_not) {
  refused_policy_counter counter;
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(counter.record(attempt_outcome::refused_policy, domain(i)));
  EXPECT_FALSE(counter.record(attempt_outcome::delivered, domain(0)));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(counter.record(attempt_outcome::refused_policy, domain(i)));
  EXPECT_FALSE(counter.record(attempt_outcome::deferred_recipient, domain(0)));
  EXPECT_TRUE(counter.record(attempt_outcome::refused_policy, domain(0)));
}

}  // namespace
}  // namespace stellwerk::policy
