#include "base/async/completion.hpp"

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "base/async/blocking_pool.hpp"
#include "base/async/event.hpp"
#include "base/async/io_threads.hpp"
#include "base/async/task_group.hpp"
#include "tests/support/run_for_test.hpp"

namespace stellwerk::async {
namespace {

using std::chrono::milliseconds;

TEST(completion, a_value_set_before_the_wait_is_not_lost) {
  io_context context;
  const completion<std::string> done{context.get_executor()};
  done.set("early");
  EXPECT_EQ(test::run_for_test(context, done.wait()), "early");
}

TEST(completion, a_value_from_another_thread_resumes_the_waiter_on_its_own) {
  io_context context;
  const completion<std::thread::id> done{context.get_executor()};
  std::thread setter{[done] {
    std::this_thread::sleep_for(milliseconds{5});
    done.set(std::this_thread::get_id());
  }};
  const std::thread::id set_by = test::run_for_test(context, done.wait());
  EXPECT_NE(set_by, std::this_thread::get_id());
  setter.join();
}

awaitable<void> wait_and_keep(completion<std::unique_ptr<int>> done, int& into) {
  const std::unique_ptr<int> value = co_await done.wait();
  into = *value;
}

TEST(completion, set_here_resumes_at_once) {
  io_context context;
  task_group group{context.get_executor(), nullptr};
  const completion<std::unique_ptr<int>> done{context.get_executor()};
  int got = 0;
  group.spawn("waiter", wait_and_keep(done, got));
  context.poll();
  done.set_here(std::make_unique<int>(7));
  EXPECT_EQ(got, 7);
  context.restart();
  context.poll();
  EXPECT_EQ(group.size(), 0U);
}

TEST(completion, a_cancelled_waiter_still_gets_the_value) {
  io_context context;
  task_group group{context.get_executor(), nullptr};
  const completion<std::unique_ptr<int>> done{context.get_executor()};
  int got = 0;
  group.spawn("waiter", wait_and_keep(done, got));
  context.poll();
  group.request_stop();
  group.cut();
  EXPECT_FALSE(test::run_until(
      context, [&group] { return group.size() == 0; }, milliseconds{60}));
  done.set(std::make_unique<int>(3));
  EXPECT_TRUE(test::run_until(context, [&group] { return group.size() == 0; }));
  EXPECT_EQ(got, 3);
}

awaitable<long> ten_thousand_rounds(blocking_pool& pool) {
  long sum = 0;
  for (long i = 0; i < 10'000; ++i) {
    auto work = [i] { return i; };
    const result<long> got = co_await pool.run(work);
    sum += *got;
  }
  co_return sum;
}

TEST(blocking_pool, answers_come_back_to_the_caller) {
  io_context context;
  blocking_pool pool{2, 8, "test"};
  EXPECT_EQ(test::run_for_test(context, ten_thousand_rounds(pool)), 9999L * 10'000 / 2);
}

TEST(blocking_pool, a_result_of_the_work_is_handed_through) {
  io_context context;
  blocking_pool pool{1, 8, "test"};
  auto work = []() -> result<int> { return error{errc::not_found, "test"}; };
  const result<int> got = test::run_for_test(context, pool.run(work));
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().is(errc::not_found));
}

TEST(blocking_pool, a_full_queue_says_so_and_queued_work_is_finished_at_the_stop) {
  io_context context;
  blocking_pool pool{1, 1, "test"};
  std::mutex hold;
  hold.lock();
  std::atomic<int> ran{0};
  std::atomic<bool> busy{false};
  const auto blocked = [&] {
    busy = true;
    const std::lock_guard lock{hold};
    ++ran;
  };
  ASSERT_TRUE(pool.post(blocked));
  while (!busy) std::this_thread::yield();
  ASSERT_TRUE(pool.post(blocked));
  auto work = [] { return 1; };
  const result<int> got = test::run_for_test(context, pool.run(work));
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().is(errc::limit_reached));
  EXPECT_TRUE(pool.post_always(blocked)) << "its owner bounds it";
  hold.unlock();
  pool.stop();
  EXPECT_EQ(ran, 3);
  EXPECT_FALSE(pool.post(blocked));
  EXPECT_FALSE(pool.post_always(blocked));
}

awaitable<bool> wait_until(event& gate, steady_point deadline) { co_return co_await gate.wait(deadline); }

TEST(event, a_notify_before_the_wait_lets_one_pass) {
  io_context context;
  event gate{context.get_executor()};
  gate.notify();
  EXPECT_TRUE(test::run_for_test(context, gate.wait()));
  const steady_point deadline = std::chrono::steady_clock::now() + milliseconds{10};
  EXPECT_FALSE(test::run_for_test(context, wait_until(gate, deadline)));
  EXPECT_EQ(gate.waiting(), 0U);
}

TEST(io_threads, every_loop_turns_and_tells_its_lag) {
  std::atomic<int> beats{0};
  std::array<std::atomic<bool>, 2> seen{};
  {
    io_threads threads{2, "io", [&](std::size_t thread, std::chrono::nanoseconds lag) {
                         seen[thread] = true;
                         if (lag >= std::chrono::nanoseconds{0}) ++beats;
                       }};
    EXPECT_EQ(threads.longest_silence().count(), 0);
    threads.start();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while ((!seen[0] || !seen[1]) && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(milliseconds{5});
    EXPECT_LT(threads.longest_silence(), std::chrono::seconds{5});
  }
  EXPECT_TRUE(seen[0]);
  EXPECT_TRUE(seen[1]);
  EXPECT_GE(beats, 2);
}

}  // namespace
}  // namespace stellwerk::async
