#include "base/async/turn_loop.hpp"

#include <thread>

#include <gtest/gtest.h>

#include "tests/support/run_for_test.hpp"

namespace stellwerk::async {
namespace {

class turn_loop_test : public ::testing::Test {
 protected:
  // Later than any test lasts.
  static steady_point never() { return std::chrono::steady_clock::now() + std::chrono::hours{1}; }

  // The loop runs on a thread of its own while it is stopped: stop() waits for it.
  void stop(turn_loop& loop) {
    auto work = boost::asio::make_work_guard(place_);
    std::thread runner{[this] { place_.run(); }};
    loop.stop();
    work.reset();
    place_.stop();
    runner.join();
    place_.restart();
  }

  io_context place_{1};
  system_clock time_;
  int turns_ = 0;
};

TEST_F(turn_loop_test, starts_with_a_turn_and_joins_wakes_into_one) {
  turn_loop loop{place_, time_};
  loop.start([this] {
    ++turns_;
    return never();
  });
  ASSERT_TRUE(test::run_until(place_, [this] { return turns_ == 1; }));
  loop.wake();
  loop.wake();
  loop.wake();
  place_.poll();
  EXPECT_EQ(turns_, 2);
  stop(loop);
}

TEST_F(turn_loop_test, a_wake_during_a_turn_makes_another) {
  turn_loop loop{place_, time_};
  loop.start([&] {
    if (++turns_ == 1) loop.wake();
    return never();
  });
  EXPECT_TRUE(test::run_until(place_, [this] { return turns_ == 2; }));
  stop(loop);
}

TEST_F(turn_loop_test, takes_the_next_turn_when_its_time_has_come) {
  turn_loop loop{place_, time_};
  loop.start(
      [this] { return ++turns_ < 3 ? std::chrono::steady_clock::now() + std::chrono::milliseconds{1} : never(); });
  EXPECT_TRUE(test::run_until(place_, [this] { return turns_ == 3; }));
  stop(loop);
}

TEST_F(turn_loop_test, a_time_that_has_passed_is_another_turn_at_once) {
  turn_loop loop{place_, time_};
  loop.start([this] { return ++turns_ < 4 ? steady_point{} : never(); });
  EXPECT_TRUE(test::run_until(place_, [this] { return turns_ == 4; }));
  stop(loop);
}

TEST_F(turn_loop_test, an_earlier_time_replaces_a_later_one) {
  turn_loop loop{place_, time_};
  loop.start(
      [this] { return ++turns_ == 2 ? std::chrono::steady_clock::now() + std::chrono::milliseconds{1} : never(); });
  ASSERT_TRUE(test::run_until(place_, [this] { return turns_ == 1; }));
  loop.wake();
  EXPECT_TRUE(test::run_until(place_, [this] { return turns_ == 3; }));
  stop(loop);
}

TEST_F(turn_loop_test, after_a_stop_there_is_no_turn) {
  turn_loop loop{place_, time_};
  loop.start([this] {
    ++turns_;
    return never();
  });
  ASSERT_TRUE(test::run_until(place_, [this] { return turns_ == 1; }));
  stop(loop);
  loop.wake();
  place_.poll();
  EXPECT_EQ(turns_, 1);
  loop.stop();  // again: nothing to do
}

}  // namespace
}  // namespace stellwerk::async
