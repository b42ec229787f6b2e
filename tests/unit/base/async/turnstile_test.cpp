#include "base/async/turnstile.hpp"

#include <string>

#include <gtest/gtest.h>

#include "base/async/task_group.hpp"
#include "tests/support/run_for_test.hpp"

namespace stellwerk::async {
namespace {

awaitable<void> pass_and_note(turnstile& gate, std::string& order, char name) {
  co_await gate.pass();
  order += name;
}

// Work that is never done: ready again as soon as it has run.
void keep_ready(io_context& context, std::string& order, int times) {
  if (times == 0) return;
  boost::asio::post(context, [&context, &order, times] {
    order += '.';
    keep_ready(context, order, times - 1);
  });
}

TEST(turnstile, one_passes_a_round_and_what_is_ready_goes_first) {
  io_context context;
  turnstile gate;
  task_group group{context.get_executor(), nullptr};
  std::string order;
  keep_ready(context, order, 4);
  for (const char name : {'a', 'b', 'c'}) group.spawn("pass", pass_and_note(gate, order, name));
  context.poll();
  EXPECT_EQ(order, "..a.b.c");
  EXPECT_EQ(gate.waiting(), 0U);
  EXPECT_EQ(group.size(), 0U);
}

awaitable<void> pass_twice(turnstile& gate, std::string& order) {
  co_await gate.pass();
  order += '1';
  co_await gate.pass();
  order += '2';
}

TEST(turnstile, who_comes_again_stands_behind_the_others) {
  io_context context;
  turnstile gate;
  task_group group{context.get_executor(), nullptr};
  std::string order;
  group.spawn("twice", pass_twice(gate, order));
  group.spawn("once", pass_and_note(gate, order, 'a'));
  context.poll();
  EXPECT_EQ(order, "1a2");
}

TEST(turnstile, a_stop_and_a_cut_let_those_pass_who_wait) {
  io_context context;
  turnstile gate;
  task_group group{context.get_executor(), nullptr};
  std::string order;
  for (const char name : {'a', 'b'}) group.spawn("pass", pass_and_note(gate, order, name));
  group.request_stop();
  group.cut();
  EXPECT_TRUE(test::run_until(context, [&group] { return group.size() == 0; }));
  EXPECT_EQ(order, "ab");
}

TEST(turnstile, who_waits_at_its_end_is_freed_and_not_resumed) {
  std::string order;
  io_context context;
  task_group group{context.get_executor(), nullptr};
  {
    turnstile gate;
    group.spawn("pass", pass_and_note(gate, order, 'a'));
    context.poll_one();
    EXPECT_EQ(gate.waiting(), 1U);
  }
  context.poll();
  EXPECT_EQ(order, "");
}

}  // namespace
}  // namespace stellwerk::async
