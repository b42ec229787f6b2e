#include "policy/health/bounce_brake.hpp"

#include <gtest/gtest.h>

namespace stellwerk::policy {
namespace {

using namespace std::chrono_literals;
using verdict = bounce_brake::verdict;

class bounce_brake_test : public ::testing::Test {
 protected:
  verdict record(bool refusal, std::chrono::milliseconds later = 100ms) {
    now_ += later;
    return brake_.record(refusal, now_);
  }
  // An ordinary hour: one refusal in fifty.
  void ordinary_hour() {
    for (int i = 0; i < 3600; ++i) record(i % 50 == 0, 1s);
  }
  int refusals_until_brake() {
    for (int i = 1; i < 1000; ++i) {
      if (record(true) == verdict::hold) return i;
    }
    return -1;
  }

  steady_point now_{24h};
  bounce_brake brake_{bounce_brake_config{}};
};

TEST_F(bounce_brake_test, a_sudden_wave_of_refusals_is_held) {
  ordinary_hour();
  const int first_held = refusals_until_brake();
  EXPECT_GT(first_held, 40);
  EXPECT_LT(first_held, 80);
  EXPECT_TRUE(brake_.braked());
  EXPECT_TRUE(brake_.take_alert());
  EXPECT_FALSE(brake_.take_alert());
}

TEST_F(bounce_brake_test, fewer_than_the_minimum_never_brake) {
  for (int i = 0; i < 49; ++i) EXPECT_EQ(record(true), verdict::pass);
  EXPECT_EQ(record(true), verdict::hold);
}

TEST_F(bounce_brake_test, less_than_half_never_brakes) {
  ordinary_hour();
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(record(i % 9 < 4), verdict::pass);
}

TEST_F(bounce_brake_test, a_destination_that_always_refuses_much_is_not_braked) {
  for (int i = 0; i < 3600; ++i) record(i % 5 == 0, 1s);
  EXPECT_EQ(refusals_until_brake(), -1);
}

TEST_F(bounce_brake_test, deliveries_pass_while_braked_and_it_stays_until_released) {
  ordinary_hour();
  ASSERT_GT(refusals_until_brake(), 0);
  EXPECT_EQ(record(false), verdict::pass);
  now_ += 2h;
  EXPECT_EQ(record(true), verdict::hold);
  brake_.release(now_);
  EXPECT_EQ(record(true), verdict::pass);
}

TEST_F(bounce_brake_test, the_wave_an_operator_released_does_not_brake_again) {
  ordinary_hour();
  ASSERT_GT(refusals_until_brake(), 0);
  brake_.release(now_);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(record(true), verdict::pass);
}

}  // namespace
}  // namespace stellwerk::policy
