#include "gateway/ingress/client_rates.hpp"

#include <gtest/gtest.h>

namespace stellwerk::ingress {
namespace {

const steady_point start{std::chrono::hours{1}};

TEST(client_rates, a_burst_of_one_second_then_the_rate) {
  client_rates rates;
  int taken = 0;
  while (!rates.take("a", 10, start)) ++taken;
  EXPECT_EQ(taken, 10);
  const auto wait = rates.take("a", 10, start);
  ASSERT_TRUE(wait);
  EXPECT_EQ(*wait, std::chrono::milliseconds{100});
  EXPECT_FALSE(rates.take("a", 10, start + *wait));
  EXPECT_TRUE(rates.take("a", 10, start + *wait));
  EXPECT_FALSE(rates.take("b", 10, start));
}

TEST(client_rates, a_slow_rate_lets_one_through) {
  client_rates rates;
  EXPECT_FALSE(rates.take("a", 0.1, start));
  EXPECT_TRUE(rates.take("a", 0.1, start + std::chrono::seconds{9}));
  EXPECT_FALSE(rates.take("a", 0.1, start + std::chrono::seconds{10}));
}

TEST(client_rates, over_an_hour_the_rate_holds) {
  client_rates rates;
  int taken = 0;
  for (int i = 0; i < 36'000; ++i) taken += rates.take("a", 3, start + std::chrono::milliseconds{100} * i) ? 0 : 1;
  EXPECT_NEAR(taken, 3 * 3600, 5);
}

}  // namespace
}  // namespace stellwerk::ingress
