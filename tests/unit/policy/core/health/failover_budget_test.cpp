#include "policy/health/failover_budget.hpp"

#include <gtest/gtest.h>

namespace stellwerk::policy {
namespace {

using namespace std::chrono_literals;

constexpr steady_point start{1h};

int spend_all(failover_budget& budget, steady_point now) {
  int spent = 0;
  while (budget.try_spend(now)) ++spent;
  return spent;
}

TEST(failover_budget, without_traffic_the_minimum_is_there) {
  failover_budget budget{{0.2, 10}};
  EXPECT_EQ(spend_all(budget, start), 100) << "10/s over ten seconds";
  EXPECT_EQ(budget.remaining(start), 0);
}

TEST(failover_budget, a_fifth_of_the_live_first_attempts_is_added) {
  failover_budget budget{{0.2, 0}};
  EXPECT_FALSE(budget.try_spend(start));
  for (int i = 0; i < 1000; ++i) budget.first_attempt(start);
  EXPECT_EQ(spend_all(budget, start), 200);
}

TEST(failover_budget, what_was_spent_comes_back_after_ten_seconds) {
  failover_budget budget{{0.2, 1}};
  EXPECT_EQ(spend_all(budget, start), 10);
  EXPECT_FALSE(budget.try_spend(start + 9s));
  EXPECT_TRUE(budget.try_spend(start + 10s));
}

TEST(failover_budget, first_attempts_are_forgotten_after_ten_seconds) {
  failover_budget budget{{0.5, 0}};
  for (int i = 0; i < 100; ++i) budget.first_attempt(start);
  EXPECT_EQ(budget.remaining(start + 9s), 50);
  EXPECT_EQ(budget.remaining(start + 10s), 0);
}

}  // namespace
}  // namespace stellwerk::policy
