#include "policy/health/retry_schedule.hpp"

#include <gtest/gtest.h>

namespace stellwerk::policy {
namespace {

using namespace std::chrono_literals;

TEST(retry_schedule, the_bound_doubles_and_stops) {
  const retry_config config;
  EXPECT_EQ(retry_delay_bound(config, 1), 30s);
  EXPECT_EQ(retry_delay_bound(config, 2), 60s);
  EXPECT_EQ(retry_delay_bound(config, 6), 16min);
  EXPECT_EQ(retry_delay_bound(config, 7), 30min);
  EXPECT_EQ(retry_delay_bound(config, 4'000'000'000U), 30min);
}

TEST(retry_schedule, full_jitter_spreads_over_the_whole_range) {
  const retry_config config;
  seeded_random random{5};
  int lower_half = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto delay = retry_delay(config, 3, random);
    ASSERT_GE(delay, 1s);
    ASSERT_LE(delay, 120s);
    if (delay < 60s) ++lower_half;
  }
  EXPECT_NEAR(lower_half, 5000, 300);
}

TEST(retry_schedule, a_tiny_first_delay_is_kept) {
  retry_config config;
  config.first = 10ms;
  config.max = 20ms;
  seeded_random random{5};
  for (std::uint32_t i = 1; i < 100; ++i) EXPECT_LE(retry_delay(config, i, random), 20ms);
}

TEST(retry_schedule, a_factor_below_one_never_shrinks_the_delay) {
  retry_config config;
  config.factor = 0.5;
  EXPECT_EQ(retry_delay_bound(config, 5), 30s);
}

TEST(retry_schedule, unknown_outcomes_wait_by_their_own_row) {
  const unknown_wait_config config;
  EXPECT_EQ(unknown_delay(config, unknown_via::smtp, 1), 5min);
  EXPECT_EQ(unknown_delay(config, unknown_via::smtp, 2), 10min);
  EXPECT_EQ(unknown_delay(config, unknown_via::api, 1), 15min);
  EXPECT_EQ(unknown_delay(config, unknown_via::api, 20), 4h);
}

}  // namespace
}  // namespace stellwerk::policy
