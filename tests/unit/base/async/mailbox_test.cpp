#include "base/async/mailbox.hpp"

#include <thread>

#include <gtest/gtest.h>

#include "base/async/published.hpp"

namespace stellwerk::async {
namespace {

TEST(mailbox, one_wake_up_for_a_batch) {
  int woken = 0;
  mailbox<int> box{10, [&woken] { ++woken; }};
  EXPECT_TRUE(box.push(1));
  EXPECT_TRUE(box.push(2));
  EXPECT_EQ(woken, 1);
  std::vector<int> batch;
  box.drain(batch);
  EXPECT_EQ(batch, (std::vector<int>{1, 2}));
  EXPECT_TRUE(box.empty());
  EXPECT_TRUE(box.push(3));
  EXPECT_EQ(woken, 2);
}

TEST(mailbox, full_means_no_except_for_completions) {
  mailbox<int> box{2, [] {}};
  EXPECT_TRUE(box.push(1));
  EXPECT_TRUE(box.push(2));
  EXPECT_FALSE(box.push(3));
  box.push_always(4);
  std::vector<int> batch;
  box.drain(batch);
  EXPECT_EQ(batch, (std::vector<int>{1, 2, 4}));
}

TEST(mailbox, nothing_is_lost_between_threads) {
  constexpr int per_writer = 20'000;
  std::atomic<int> wakes{0};
  mailbox<int> box{1'000'000, [&wakes] { ++wakes; }};
  std::vector<std::thread> writers;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&box] {
      for (int i = 0; i < per_writer; ++i) box.push_always(i);
    });
  }
  std::size_t got = 0;
  std::vector<int> batch;
  while (got < 3U * per_writer) {
    batch.clear();
    box.drain(batch);
    got += batch.size();
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(box.empty());
  EXPECT_GE(wakes, 1);
  EXPECT_LE(wakes, 3 * per_writer);
}

TEST(published, a_subscriber_sees_the_latest_value) {
  published<int> value{std::make_shared<const int>(1)};
  subscription<int> reader{value};
  EXPECT_EQ(*reader.get(), 1);
  const auto kept = reader.get();
  value.publish(std::make_shared<const int>(2));
  EXPECT_EQ(*kept, 1) << "who holds the old value keeps it";
  EXPECT_EQ(*reader.get(), 2);
  EXPECT_EQ(*value.load(), 2);
}

}  // namespace
}  // namespace stellwerk::async
