#include "policy/health/sender_gate.hpp"

#include <gtest/gtest.h>

namespace stellwerk::policy {
namespace {

using namespace std::chrono_literals;

constexpr steady_point start{1h};

TEST(sender_gate, a_refused_domain_is_out_for_ten_minutes_and_only_that_domain) {
  sender_gate gate;
  EXPECT_TRUE(gate.on_refused("shop.example", start));
  EXPECT_TRUE(gate.refused("shop.example", start + 9min));
  EXPECT_FALSE(gate.refused("other.example", start));
  EXPECT_TRUE(gate.begin("other.example", start));
  EXPECT_FALSE(gate.refused("shop.example", start + 10min));
}

TEST(sender_gate, afterwards_one_probe_at_a_time) {
  sender_gate gate;
  gate.on_refused("shop.example", start);
  EXPECT_FALSE(gate.begin("shop.example", start + 9min));
  EXPECT_TRUE(gate.begin("shop.example", start + 10min));
  EXPECT_FALSE(gate.begin("shop.example", start + 10min));
  EXPECT_TRUE(gate.refused("shop.example", start + 10min));
}

TEST(sender_gate, a_refused_probe_starts_the_time_over_without_a_second_alert) {
  sender_gate gate;
  gate.on_refused("shop.example", start);
  ASSERT_TRUE(gate.begin("shop.example", start + 10min));
  EXPECT_FALSE(gate.on_refused("shop.example", start + 10min));
  EXPECT_TRUE(gate.refused("shop.example", start + 19min));
}

TEST(sender_gate, an_accepted_probe_opens_the_gate) {
  sender_gate gate;
  gate.on_refused("shop.example", start);
  ASSERT_TRUE(gate.begin("shop.example", start + 10min));
  gate.on_accepted("shop.example");
  EXPECT_TRUE(gate.begin("shop.example", start + 10min));
  EXPECT_TRUE(gate.begin("shop.example", start + 10min));
  EXPECT_EQ(gate.size(), 0U);
}

TEST(sender_gate, a_probe_that_says_nothing_is_free_again) {
  sender_gate gate;
  gate.on_refused("shop.example", start);
  ASSERT_TRUE(gate.begin("shop.example", start + 10min));
  gate.on_neutral("shop.example");
  EXPECT_TRUE(gate.begin("shop.example", start + 10min));
}

TEST(sender_gate, is_bounded) {
  sender_gate gate;
  for (std::size_t i = 0; i < sender_gate::domains_max + 10; ++i) {
    gate.on_refused("d" + std::to_string(i), start + std::chrono::milliseconds{i});
  }
  EXPECT_EQ(gate.size(), sender_gate::domains_max);
  EXPECT_FALSE(gate.refused("d0", start + 1s)) << "the one that ends first made room";
}

}  // namespace
}  // namespace stellwerk::policy
