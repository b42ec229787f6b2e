#include "policy/health/throttle.hpp"

#include <gtest/gtest.h>

namespace stellwerk::policy {
namespace {

using namespace std::chrono_literals;

constexpr steady_point start{1h};

TEST(throttle, retry_after_is_obeyed) {
  throttle gate;
  gate.throttled(37s, start, start + 1s);
  EXPECT_TRUE(gate.blocked(start + 37s));
  EXPECT_FALSE(gate.blocked(start + 38s));
}

TEST(throttle, a_shorter_retry_after_never_shortens_the_pause) {
  throttle gate;
  gate.throttled(60s, start, start);
  gate.throttled(5s, start, start + 1s);
  EXPECT_EQ(gate.until(), start + 60s);
}

TEST(throttle, without_retry_after_it_doubles_from_one_second_to_five_minutes) {
  throttle gate;
  steady_point now = start;
  std::vector<long long> pauses;
  for (int i = 0; i < 11; ++i) {
    gate.throttled(std::nullopt, now, now);
    pauses.push_back(std::chrono::duration_cast<std::chrono::seconds>(*gate.until() - now).count());
    now = *gate.until() + 1ms;
  }
  EXPECT_EQ(pauses, (std::vector<long long>{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}));
}

TEST(throttle, one_burst_of_answers_doubles_once) {
  throttle gate;
  for (int i = 0; i < 50; ++i) gate.throttled(std::nullopt, start, start + 100ms);
  EXPECT_EQ(gate.until(), start + 1100ms);
}

TEST(throttle, an_accepted_attempt_after_the_pause_resets_the_doubling) {
  throttle gate;
  gate.throttled(std::nullopt, start, start);
  gate.throttled(std::nullopt, start + 2s, start + 2s);
  gate.accepted(start + 5s);
  EXPECT_FALSE(gate.blocked(start + 5s));
  gate.throttled(std::nullopt, start + 6s, start + 6s);
  EXPECT_EQ(gate.until(), start + 7s);
}

TEST(throttle, a_success_from_before_the_pause_does_not_lift_it) {
  throttle gate;
  gate.throttled(60s, start, start + 1s);
  gate.accepted(start);
  EXPECT_TRUE(gate.blocked(start + 2s));
}

TEST(throttle, an_absurd_retry_after_is_cut) {
  throttle gate;
  gate.throttled(100000h, start, start);
  EXPECT_EQ(gate.until(), start + 24h);
}

}  // namespace
}  // namespace stellwerk::policy
