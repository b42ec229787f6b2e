#include "policy/health/pacing.hpp"

#include <gtest/gtest.h>

namespace stellwerk::policy {
namespace {

using namespace std::chrono_literals;

constexpr steady_point start{1h};
const time_point noon = *parse_rfc3339("2026-11-24T12:00:00Z");

TEST(token_bucket, holds_one_second_and_refills_at_its_rate) {
  token_bucket bucket{10};
  int taken = 0;
  while (bucket.take(1, start)) ++taken;
  EXPECT_EQ(taken, 10);
  EXPECT_FALSE(bucket.take(1, start + 99ms));
  EXPECT_TRUE(bucket.take(1, start + 100ms));
  EXPECT_EQ(bucket.available_at(1, start + 100ms), start + 200ms);
}

TEST(token_bucket, over_a_long_time_the_rate_holds) {
  token_bucket bucket{50};
  int taken = 0;
  for (auto now = start; now < start + 100s; now += 1ms) taken += bucket.take(1, now) ? 1 : 0;
  EXPECT_NEAR(taken, 5050, 2);
}

TEST(token_bucket, slower_than_one_per_second_still_passes_one) {
  token_bucket bucket{0.1};
  EXPECT_TRUE(bucket.take(1, start));
  EXPECT_FALSE(bucket.take(1, start + 9s));
  EXPECT_TRUE(bucket.take(1, start + 10s));
}

TEST(token_bucket, a_cost_above_the_burst_passes_from_full_and_is_paid_for) {
  token_bucket bucket{10};
  EXPECT_TRUE(bucket.take(30, start));
  EXPECT_FALSE(bucket.take(1, start + 2s));
  EXPECT_TRUE(bucket.take(1, start + 2101ms));
}

TEST(token_bucket, rate_zero_passes_nothing) {
  token_bucket bucket{0};
  EXPECT_FALSE(bucket.take(1, start));
  EXPECT_EQ(bucket.available_at(1, start), steady_point::max());
}

TEST(token_bucket, what_was_not_used_comes_back) {
  token_bucket bucket{1};
  ASSERT_TRUE(bucket.take(1, start));
  bucket.give_back(1);
  EXPECT_TRUE(bucket.take(1, start));
}

TEST(quota, a_day_ends_at_midnight_utc) {
  quota daily{quota_period::day, 2};
  EXPECT_TRUE(daily.take(1, noon));
  EXPECT_TRUE(daily.take(1, noon));
  EXPECT_FALSE(daily.take(1, noon + 11h));
  EXPECT_TRUE(daily.take(1, noon + 12h));
  EXPECT_EQ(daily.used(noon + 12h), 1);
}

TEST(quota, a_month_ends_with_the_month) {
  quota monthly{quota_period::month, 1};
  EXPECT_TRUE(monthly.take(1, noon));
  EXPECT_FALSE(monthly.has(1, noon + 24h * 6));
  EXPECT_TRUE(monthly.has(1, noon + 24h * 7));
  EXPECT_EQ(quota::period_key(quota_period::month, noon), 202611U);
  EXPECT_EQ(quota::period_key(quota_period::day, noon), 20261124U);
}

TEST(quota, survives_a_restart) {
  quota monthly{quota_period::month, 100};
  monthly.restore(99, 202611);
  EXPECT_TRUE(monthly.take(1, noon));
  EXPECT_FALSE(monthly.take(1, noon));
  quota stale{quota_period::month, 100};
  stale.restore(100, 202610);
  EXPECT_TRUE(stale.take(1, noon));
}

TEST(limit_gate, concurrency_counts_attempts_in_flight) {
  limit_config config;
  config.concurrency = 2;
  limit_gate gate{config};
  EXPECT_TRUE(gate.take({}, start, noon));
  EXPECT_TRUE(gate.take({}, start, noon));
  EXPECT_FALSE(gate.take({}, start, noon));
  gate.finish();
  EXPECT_TRUE(gate.take({}, start, noon));
}

TEST(limit_gate, a_budget_counts_money) {
  limit_config config;
  config.budget = money{1.0, "EUR"};
  limit_gate gate{config};
  EXPECT_TRUE(gate.take({1, 0.6}, start, noon));
  EXPECT_FALSE(gate.take({1, 0.6}, start, noon));
  EXPECT_TRUE(gate.take({1, 0.4}, start, noon));
  EXPECT_DOUBLE_EQ(gate.used(noon), 1.0);
}

TEST(limit_gate, an_attempt_that_was_never_made_gives_everything_back) {
  limit_config config;
  config.per_day = 1;
  limit_gate gate{config};
  ASSERT_TRUE(gate.take({}, start, noon));
  gate.give_back({}, noon);
  EXPECT_TRUE(gate.take({}, start, noon));
  gate.finish();
  EXPECT_FALSE(gate.take({}, start, noon)) << "what was sent stays counted";
}

TEST(limit_gate, a_rate_counts_recipients) {
  limit_config config;
  config.rate_per_second = 5;
  limit_gate gate{config};
  EXPECT_TRUE(gate.take({5, 0}, start, noon));
  EXPECT_FALSE(gate.has_room({1, 0}, start, noon));
  EXPECT_TRUE(gate.has_room({1, 0}, start + 200ms, noon));
}

}  // namespace
}  // namespace stellwerk::policy
