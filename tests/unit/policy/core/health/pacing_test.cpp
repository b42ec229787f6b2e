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
  gate.finish({0, 0}, noon);
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
  gate.finish({0, 0}, noon);
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

TEST(quota, promises_run_ahead_so_that_few_are_needed_and_a_crash_counts_too_much) {
  quota monthly{quota_period::month, 1'000'000};
  int promises = 0;
  double stored = 0;
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(monthly.take(1, noon));
    if (const auto mark = monthly.promise()) {
      ++promises;
      stored = mark->used;
      EXPECT_EQ(mark->period, 202611U);
    }
    ASSERT_GE(stored, monthly.used(noon)) << "never less than what was used";
  }
  EXPECT_LE(stored, 100'000 * 65.0 / 64);
  EXPECT_LT(promises, 700);
}

TEST(quota, a_small_count_is_promised_exactly) {
  quota daily{quota_period::day, 100};
  ASSERT_TRUE(daily.take(1, noon));
  ASSERT_TRUE(daily.promise());
  ASSERT_TRUE(daily.take(1, noon));
  const auto mark = daily.promise();
  ASSERT_TRUE(mark);
  EXPECT_DOUBLE_EQ(mark->used, 2);
}

TEST(quota, what_is_given_back_in_another_period_was_taken_there) {
  quota daily{quota_period::day, 10};
  ASSERT_TRUE(daily.take(4, noon));
  ASSERT_TRUE(daily.take(1, noon + 24h));
  daily.give_back(4, noon);
  EXPECT_DOUBLE_EQ(daily.used(noon + 24h), 1) << "yesterday's is not today's";
  daily.give_back(1, noon + 24h);
  EXPECT_DOUBLE_EQ(daily.used(noon + 24h), 0);
}

TEST(quota, a_promise_that_may_be_lost_is_made_again) {
  quota daily{quota_period::day, 100};
  ASSERT_TRUE(daily.take(1, noon));
  ASSERT_TRUE(daily.promise());
  EXPECT_FALSE(daily.promise());
  daily.forget_promise();
  EXPECT_TRUE(daily.promise());
}

TEST(limit_gate, a_warm_up_allows_more_every_day_and_then_everything) {
  limit_config config;
  const auto today = std::chrono::floor<std::chrono::days>(noon);
  config.warmup = warmup_config{today, {2, 3}};
  limit_gate gate{config};
  EXPECT_FALSE(gate.has_room({}, start, noon - 24h)) << "not before its first day";
  EXPECT_TRUE(gate.take({2, 0}, start, noon));
  EXPECT_FALSE(gate.has_room({}, start, noon));
  EXPECT_TRUE(gate.take({3, 0}, start, noon + 24h));
  EXPECT_FALSE(gate.has_room({}, start, noon + 24h));
  EXPECT_TRUE(gate.take({1000, 0}, start, noon + 48h));
}

TEST(limit_gate, other_numbers_keep_the_count) {
  limit_config config;
  config.per_day = 3;
  limit_gate gate{config};
  ASSERT_TRUE(gate.take({3, 0}, start, noon));
  config.per_day = 5;
  gate.change(config);
  EXPECT_TRUE(gate.has_room({2, 0}, start, noon));
  EXPECT_FALSE(gate.has_room({3, 0}, start, noon));
}

}  // namespace
}  // namespace stellwerk::policy
