#include "base/async/task_group.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "base/async/event.hpp"
#include "tests/support/run_for_test.hpp"

namespace stellwerk::async {
namespace {

using std::chrono::milliseconds;

steady_point soon(milliseconds by = milliseconds{5000}) { return std::chrono::steady_clock::now() + by; }

awaitable<void> wait_once(event& gate, int& passed, int& interrupted) {
  const bool woken = co_await gate.wait();
  ++(woken ? passed : interrupted);
}

// Waits again after an interruption, as a session that says goodbye does.
awaitable<void> wait_twice(event& first, event& second, int& ended) {
  co_await first.wait();
  co_await second.wait();
  ++ended;
}

awaitable<void> throw_after(event& gate) {
  co_await gate.wait();
  throw std::runtime_error{"broken on purpose"};
}

awaitable<void> wait_stubbornly(event& gate, int& rounds, int wanted) {
  while (rounds < wanted) {
    co_await gate.wait();
    ++rounds;
  }
}

struct task_group_test : testing::Test {
  io_context context;
  event gate{context.get_executor()};
  std::string died;
  task_group group{context.get_executor(), [this](std::string_view name, std::string_view what) {
                     died = std::string{name} + ": " + std::string{what};
                   }};
  int passed = 0;
  int interrupted = 0;
};

TEST_F(task_group_test, counts_and_names_its_tasks) {
  group.spawn("one", wait_once(gate, passed, interrupted));
  group.spawn("two", wait_once(gate, passed, interrupted));
  EXPECT_EQ(group.size(), 2U);
  EXPECT_EQ(group.names(), (std::vector<std::string>{"one", "two"}));
  context.poll();
  gate.notify_all();
  EXPECT_TRUE(test::run_for_test(context, group.wait_empty(soon())));
  EXPECT_EQ(passed, 2);
  EXPECT_EQ(group.size(), 0U);
}

TEST_F(task_group_test, a_stop_interrupts_the_wait_but_not_what_comes_after) {
  event second{context.get_executor()};
  int ended = 0;
  group.spawn("session", wait_twice(gate, second, ended));
  context.poll();
  group.request_stop();
  EXPECT_FALSE(test::run_for_test(context, group.wait_empty(soon(milliseconds{30}))));
  EXPECT_EQ(second.waiting(), 1U);
  second.notify();
  EXPECT_TRUE(test::run_for_test(context, group.wait_empty(soon())));
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(group.stopping());
}

TEST_F(task_group_test, a_stop_leaves_tasks_that_want_to_finish) {
  group.spawn("attempt", wait_once(gate, passed, interrupted), on_stop::finish);
  context.poll();
  group.request_stop();
  EXPECT_FALSE(test::run_for_test(context, group.wait_empty(soon(milliseconds{30}))));
  gate.notify();
  EXPECT_TRUE(test::run_for_test(context, group.wait_empty(soon())));
  EXPECT_EQ(passed, 1);
  EXPECT_EQ(interrupted, 0);
}

TEST_F(task_group_test, a_cut_ends_what_a_stop_did_not) {
  int rounds = 0;
  group.spawn("stubborn", wait_stubbornly(gate, rounds, 3), on_stop::finish);
  context.poll();
  group.cut();
  EXPECT_TRUE(test::run_for_test(context, group.wait_empty(soon())));
  EXPECT_EQ(rounds, 3);
}

TEST_F(task_group_test, nothing_starts_after_a_cut) {
  group.cut();
  group.spawn("late", wait_once(gate, passed, interrupted));
  EXPECT_EQ(group.size(), 0U);
}

TEST_F(task_group_test, an_exception_ends_one_task_and_is_told_with_its_name) {
  group.spawn("broken", throw_after(gate));
  context.poll();
  gate.notify();
  EXPECT_TRUE(test::run_for_test(context, group.wait_empty(soon())));
  EXPECT_EQ(died, "broken: broken on purpose");
}

TEST_F(task_group_test, a_stop_from_another_thread_takes_effect_on_the_own_one) {
  group.spawn("session", wait_once(gate, passed, interrupted));
  context.poll();
  std::thread{[this] { group.request_stop(); }}.join();
  EXPECT_EQ(interrupted, 0);
  EXPECT_TRUE(test::run_for_test(context, group.wait_empty(soon())));
  EXPECT_EQ(interrupted, 1);
}

}  // namespace
}  // namespace stellwerk::async
