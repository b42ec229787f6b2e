// What the simulation itself promises: a seed is a story, told the same way every time.
#include <gtest/gtest.h>

#include "tests/simulation/world.hpp"

namespace stellwerk::simulation {
namespace {

TEST(simulation, a_seed_tells_the_same_story_twice) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const run_result first = run_world(seed);
    const run_result second = run_world(seed);
    EXPECT_EQ(first.hash, second.hash) << "seed " << seed;
    EXPECT_EQ(first.lines, second.lines) << "seed " << seed;
    EXPECT_GT(first.lines, 20U) << "seed " << seed;
  }
}

TEST(simulation, another_seed_tells_another_story) { EXPECT_NE(run_world(1).hash, run_world(2).hash); }

}  // namespace
}  // namespace stellwerk::simulation
