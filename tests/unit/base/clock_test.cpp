#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace stellwerk {
namespace {

using std::chrono::milliseconds;

time_point at(long long ms) { return time_point{milliseconds{ms}}; }

TEST(clock, a_manual_clock_moves_only_when_told) {
  manual_clock clock{at(1'000)};
  const steady_point before = clock.steady();
  EXPECT_EQ(clock.now(), at(1'000));
  clock.advance(milliseconds{250});
  EXPECT_EQ(clock.now(), at(1'250));
  EXPECT_EQ(clock.steady() - before, milliseconds{250});
  clock.jump(milliseconds{-500});
  EXPECT_EQ(clock.now(), at(750));
  EXPECT_EQ(clock.steady() - before, milliseconds{250}) << "steady time does not jump";
}

TEST(clock, the_system_clock_goes_forward) {
  const system_clock clock;
  const steady_point first = clock.steady();
  EXPECT_GE(clock.steady(), first);
  EXPECT_GT(clock.now(), at(1'700'000'000'000));
}

TEST(clock, rfc3339_in_utc_with_milliseconds) {
  EXPECT_EQ(to_rfc3339(at(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(at(1'769'847'300'123)), "2026-01-31T08:15:00.123Z");
  EXPECT_EQ(to_rfc3339(at(951'782'400'007)), "2000-02-29T00:00:00.007Z");
}

TEST(clock, rfc3339_is_read_with_any_offset) {
  const time_point expected = at(1'769'847'300'123);
  for (const char* text : {"2026-01-31T08:15:00.123Z", "2026-01-31t08:15:00.123z", "2026-01-31T09:15:00.123+01:00",
                           "2026-01-31T03:45:00.123-04:30", "2026-01-31T08:15:00.1239999Z"}) {
    EXPECT_EQ(parse_rfc3339(text), expected) << text;
  }
  EXPECT_EQ(parse_rfc3339("2026-01-31T08:15:00Z"), at(1'769'847'300'000));
  EXPECT_EQ(parse_rfc3339("2026-01-31T08:15:00.5Z"), at(1'769'847'300'500));
}

TEST(clock, what_was_written_is_read_back) {
  for (long long ms = -5'000'000'000'000; ms < 5'000'000'000'000; ms += 123'456'789'123) {
    EXPECT_EQ(parse_rfc3339(to_rfc3339(at(ms))), at(ms)) << ms;
  }
}

TEST(clock, rfc3339_faults_are_refused) {
  for (const char* text :
       {"", "2026-01-31", "2026-01-31T08:15:00", "2026-02-30T08:15:00Z", "2026-13-01T08:15:00Z", "2026-01-31T24:00:00Z",
        "2026-01-31T08:60:00Z", "2026-01-31T08:15:00.Z", "2026-01-31 08:15:00Zx", "2026-01-31T08:15:00+1:00",
        "2026-01-31T08:15:00+0100", "2026/01/31T08:15:00Z", "2026-01-31T08:15:00Z "}) {
    EXPECT_FALSE(parse_rfc3339(text)) << text;
  }
}

TEST(clock, rfc5322_date) {
  EXPECT_EQ(to_rfc5322(at(1'769'847'300'123)), "Sat, 31 Jan 2026 08:15:00 +0000");
  EXPECT_EQ(to_rfc5322(at(0)), "Thu, 01 Jan 1970 00:00:00 +0000");
}

}  // namespace
}  // namespace stellwerk
