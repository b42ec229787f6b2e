#include "base/ids.hpp"

#include <unordered_set>

#include <gtest/gtest.h>

namespace stellwerk {
namespace {

struct ids_test : testing::Test {
  manual_clock clock;
  seeded_random random{42};
  id_generator ids{clock, random};
};

TEST_F(ids_test, text_and_bytes_are_the_same_id) {
  for (int i = 0; i < 1000; ++i) {
    clock.advance(std::chrono::microseconds{300});
    const queue_id id = ids.next();
    const std::string text = id.to_string();
    EXPECT_EQ(text.size(), queue_id::text_length);
    EXPECT_EQ(queue_id::parse(text), id);
    EXPECT_EQ(queue_id::from_view(id.view()), id);
  }
}

TEST_F(ids_test, ids_rise_also_within_a_millisecond_and_when_the_clock_steps_back) {
  std::vector<queue_id> made;
  for (int i = 0; i < 3000; ++i) {
    if (i == 1000) clock.advance(std::chrono::seconds{1});
    if (i == 2000) clock.jump(std::chrono::seconds{-60});
    made.push_back(ids.next());
  }
  for (std::size_t i = 1; i < made.size(); ++i) {
    EXPECT_LT(made[i - 1], made[i]);
    EXPECT_LT(made[i - 1].to_string(), made[i].to_string());
    EXPECT_LT(made[i - 1].view(), made[i].view());
  }
}

TEST_F(ids_test, an_id_tells_when_it_was_made) { EXPECT_EQ(ids.next().accepted_at(), clock.now()); }

TEST_F(ids_test, reading_forgives_case_and_look_alikes) {
  const queue_id id = *queue_id::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
  EXPECT_EQ(queue_id::parse("01arz3ndektsv4rrffq69g5fav"), id);
  EXPECT_EQ(queue_id::parse("OIARZ3NDEKTSV4RRFFQ69G5FAV"), id);
  EXPECT_EQ(queue_id::parse("olARZ3NDEKTSV4RRFFQ69G5FAV"), id);
}

TEST_F(ids_test, what_is_no_id_is_refused) {
  for (const char* text : {"", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVV", "81ARZ3NDEKTSV4RRFFQ69G5FAV",
                           "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01ARZ3NDEKTSV4RRFFQ69G5FA-"}) {
    EXPECT_FALSE(queue_id::parse(text)) << text;
  }
  EXPECT_TRUE(queue_id{}.is_nil());
  EXPECT_FALSE(ids.next().is_nil());
}

TEST_F(ids_test, hashes_spread) {
  std::unordered_set<std::size_t> buckets;
  for (int i = 0; i < 4096; ++i) buckets.insert(std::hash<queue_id>{}(ids.next()) >> 52);
  EXPECT_GT(buckets.size(), 2000U) << "4096 ids over 4096 buckets leave about 63 % used";
}

TEST(random, below_stays_below_and_reaches_everything) {
  seeded_random random{1};
  std::vector<int> seen(7);
  for (int i = 0; i < 7000; ++i) ++seen.at(random.below(7));
  for (const int count : seen) EXPECT_NEAR(count, 1000, 200);
  EXPECT_EQ(random.below(1), 0U);
}

TEST(random, unit_is_in_the_half_open_interval) {
  seeded_random random{2};
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double value = random.unit();
    EXPECT_GE(value, 0.0);
    EXPECT_LT(value, 1.0);
    sum += value;
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.02);
}

TEST(random, a_seed_repeats_and_secrets_do_not) {
  seeded_random one{3};
  seeded_random two{3};
  EXPECT_EQ(one.next(), two.next());
  EXPECT_NE(secure_seed(), secure_seed());
  std::array<unsigned char, 32> bytes{};
  secure_random(bytes);
  EXPECT_NE(bytes, (std::array<unsigned char, 32>{}));
}

}  // namespace
}  // namespace stellwerk
