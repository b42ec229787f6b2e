#include "policy/health/patience.hpp"

#include <gtest/gtest.h>

namespace stellwerk::policy {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr steady_point start{std::chrono::hours{1}};

TEST(patience_test, a_second_and_a_half_with_whoever_answers_at_once_or_is_not_known) {
  patience with;
  EXPECT_EQ(with.at(start), milliseconds{1500});
  with.note(milliseconds{700}, start);
  EXPECT_EQ(with.at(start), milliseconds{1500});
}

TEST(patience_test, twice_the_slowest_first_word) {
  patience with;
  with.note(seconds{3}, start);
  for (int i = 0; i < 1000; ++i) with.note(milliseconds{1}, start + seconds{i % 500});
  EXPECT_EQ(with.at(start + seconds{500}), seconds{6});
}

TEST(patience_test, ten_minutes_at_least_and_twenty_at_most) {
  patience with;
  with.note(milliseconds{1}, start);
  with.note(seconds{3}, start + minutes{9});
  with.note(milliseconds{1}, start + minutes{10});  // the next ten minutes begin
  EXPECT_EQ(with.at(start + minutes{19}), seconds{6});
  EXPECT_EQ(with.at(start + minutes{21}), milliseconds{1500});
  with.note(seconds{2}, start + minutes{21});
  EXPECT_EQ(with.at(start + minutes{21}), seconds{4});
  EXPECT_EQ(with.at(start + minutes{42}), milliseconds{1500}) << "without a word in between as well";
  with.note(milliseconds{1}, start + minutes{42});
  EXPECT_EQ(with.at(start + minutes{42}), milliseconds{1500});
}

}  // namespace
}  // namespace stellwerk::policy
