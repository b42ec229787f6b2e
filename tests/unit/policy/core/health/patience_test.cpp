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
  EXPECT_EQ(with.in_all(), milliseconds{1500});
  with.note(milliseconds{700}, start);
  EXPECT_EQ(with.in_all(), milliseconds{1500});
}

TEST(patience_test, twice_the_slowest_first_word) {
  patience with;
  with.note(seconds{3}, start);
  for (int i = 0; i < 1000; ++i) with.note(milliseconds{1}, start + seconds{i % 500});
  EXPECT_EQ(with.in_all(), seconds{6});
}

TEST(patience_test, ten_minutes_at_least_and_twenty_at_most) {
  patience with;
  with.note(milliseconds{1}, start);
  with.note(seconds{3}, start + minutes{9});
  with.note(milliseconds{1}, start + minutes{10});  // the next ten minutes begin
  EXPECT_EQ(with.in_all(), seconds{6});
  with.note(seconds{2}, start + minutes{19});
  EXPECT_EQ(with.in_all(), seconds{6});
  with.note(milliseconds{1}, start + minutes{30});
  EXPECT_EQ(with.in_all(), seconds{4});
  with.note(milliseconds{1}, start + minutes{42});
  EXPECT_EQ(with.in_all(), milliseconds{1500});
  EXPECT_EQ(with.of_each(), milliseconds{2});
}

// Nothing was learned in between: a day without mail is no reason to take it for faster than it is.
TEST(patience_test, silence_forgets_nothing) {
  patience with;
  with.note(seconds{3}, start);
  with.note(milliseconds{1}, start + std::chrono::hours{24});
  EXPECT_EQ(with.in_all(), seconds{6});
}

TEST(patience_test, twice_as_much_where_it_was_too_short) {
  patience with;
  with.note_too_short(with.in_all(), start);
  EXPECT_EQ(with.in_all(), seconds{3});
  with.note_too_short(with.in_all(), start);
  EXPECT_EQ(with.of_each(), seconds{6});
}

}  // namespace
}  // namespace stellwerk::policy
