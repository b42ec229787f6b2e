#include "gateway/spool/embedded/commit_queue.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <utility>

namespace stellwerk::spool::embedded {
namespace {

operation an_accept(mail::traffic_stream stream, std::size_t size = 10, std::string client = {}) {
  accept_operation out;
  out.request.message.stream = stream;
  out.request.message.client = std::move(client);
  out.request.content = std::make_shared<const std::string>(size, 'x');
  return out;
}

operation a_settle(bool urgent = true) {
  settle_operation out;
  out.request.urgent = urgent;
  return out;
}

void push(commit_queue& queue, operation item) { ASSERT_TRUE(queue.push(item)); }

char kind_of(const operation& item) {
  if (std::holds_alternative<settle_operation>(item)) return 's';
  return std::get<accept_operation>(item).request.message.stream == mail::traffic_stream::transactional ? 't' : 'm';
}

std::string kinds_of(const std::vector<operation>& batch) {
  std::string out;
  for (const operation& item : batch) out.push_back(kind_of(item));
  return out;
}

constexpr auto transactional = mail::traffic_stream::transactional;
constexpr auto marketing = mail::traffic_stream::marketing;

TEST(commit_queue, transactional_accepts_come_first_then_settles_then_marketing) {
  commit_queue queue;
  push(queue, an_accept(marketing));
  push(queue, a_settle());
  push(queue, an_accept(transactional));
  EXPECT_EQ(kinds_of(queue.take({})), "tsm");
  EXPECT_TRUE(queue.is_empty());
}

TEST(commit_queue, each_line_keeps_its_order) {
  commit_queue queue;
  for (const char* client : {"1", "2", "3"}) push(queue, an_accept(transactional, 10, client));
  std::string order;
  for (const operation& item : queue.take({})) order += std::get<accept_operation>(item).request.message.client;
  EXPECT_EQ(order, "123");
}

TEST(commit_queue, a_flood_of_one_line_leaves_a_share_to_the_others) {
  commit_queue queue;
  for (int i = 0; i < 100; ++i) push(queue, an_accept(transactional));
  for (int i = 0; i < 100; ++i) push(queue, a_settle());
  for (int i = 0; i < 100; ++i) push(queue, an_accept(marketing));
  EXPECT_EQ(kinds_of(queue.take({16, 1 << 20})), std::string(12, 't') + "ssmm");
}

TEST(commit_queue, a_batch_is_bounded_by_bytes) {
  commit_queue queue;
  for (int i = 0; i < 10; ++i) push(queue, an_accept(transactional, 1000));
  EXPECT_EQ(queue.take({512, 4000}).size(), 3U);
}

TEST(commit_queue, a_body_larger_than_a_batch_is_not_passed_over_for_ever) {
  commit_queue queue;
  push(queue, an_accept(marketing, 100'000));
  int batches = 0;
  bool is_taken = false;
  while (!is_taken && batches < 20) {
    push(queue, an_accept(transactional));
    is_taken = kinds_of(queue.take({512, 4000})).back() == 'm';
    ++batches;
  }
  EXPECT_TRUE(is_taken);
  EXPECT_GT(batches, 1);
}

TEST(commit_queue, an_urgent_operation_wakes_the_committer_and_a_lazy_one_waits_for_company) {
  commit_queue queue;
  push(queue, a_settle(false));
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(queue.wait(std::chrono::seconds{10}));
  const auto lazy = std::chrono::steady_clock::now() - begun;
  EXPECT_GE(lazy, commit_queue::lazy_wait);
  EXPECT_LT(lazy, std::chrono::seconds{5});

  std::thread other{[&queue] { push(queue, a_settle(true)); }};
  EXPECT_TRUE(queue.wait(std::chrono::seconds{10}));
  other.join();
  EXPECT_EQ(queue.take({}).size(), 2U);
}

TEST(commit_queue, a_closed_queue_takes_nothing_more_and_gives_out_the_rest) {
  commit_queue queue;
  push(queue, a_settle());
  queue.close();
  operation late = a_settle();
  EXPECT_FALSE(queue.push(late));
  EXPECT_TRUE(queue.wait(std::chrono::seconds{10}));
  EXPECT_EQ(queue.take({}).size(), 1U);
  EXPECT_FALSE(queue.wait(std::chrono::seconds{10}));
}

}  // namespace
}  // namespace stellwerk::spool::embedded
