// A lane's window and cursor: whatever happens while the store is being read, nothing that waits is passed over.
#include "gateway/delivery/lane_table.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stellwerk::delivery {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t window = 4;
const time_point late_enough{std::chrono::hours{1}};

spool::due_entry at(int ms) {
  spool::due_entry entry;
  entry.due = time_point{std::chrono::milliseconds{ms}};
  entry.key.message.bytes[15] = static_cast<std::uint8_t>(ms);
  return entry;
}

std::vector<spool::due_entry> all_at(std::initializer_list<int> times) {
  std::vector<spool::due_entry> out;
  for (const int ms : times) out.push_back(at(ms));
  return out;
}

bool nobody(const spool::recipient_key&) { return false; }

// Takes what is due, reading on from `stored` as the dispatcher would: what was taken is leased.
std::vector<long long> drain(lane& one, const std::vector<spool::due_entry>& stored) {
  std::vector<long long> seen;
  std::set<spool::recipient_key> leased;
  for (int turn = 0; turn < 20; ++turn) {
    one.unpark();
    while (auto item = one.take_due(late_enough)) {
      seen.push_back(item->at.due.time_since_epoch().count());
      leased.insert(item->at.key);
    }
    if (!one.wants_refill()) continue;
    const std::size_t asked = one.refill_size();
    std::vector<spool::due_entry> found;
    for (const spool::due_entry& entry : stored) {
      if (entry >= one.cursor() && found.size() < asked) found.push_back(entry);
    }
    one.refill_started();
    one.refill(found, asked, [&](const spool::recipient_key& key) { return leased.contains(key); });
  }
  return seen;
}

// Restarts are like this: intents are found unknown and due at once while the first read of their lane is under way.
TEST(lane, what_was_put_while_the_store_was_read_is_not_passed_by_the_cursor) {
  lane one{spool::lane_row{}, window, false};
  one.refill_started();
  EXPECT_FALSE(one.put({at(15), nullptr}));
  one.refill(all_at({10, 20}), window, nobody);  // read before 15 was written
  EXPECT_THAT(drain(one, all_at({10, 15, 20})), ElementsAre(10, 15, 20));
}

TEST(lane, what_was_put_behind_all_that_was_read_is_there_once) {
  lane one{spool::lane_row{}, window, false};
  one.refill_started();
  EXPECT_FALSE(one.put({at(30), nullptr}));
  one.refill(all_at({10, 20, 30}), window, nobody);  // written before it was read
  EXPECT_THAT(drain(one, all_at({10, 20, 30})), ElementsAre(10, 20, 30));
}

TEST(lane, what_is_pushed_out_of_the_window_while_the_store_is_read_comes_back) {
  lane one{spool::lane_row{}, window, false};
  one.refill_started();
  one.refill(all_at({10, 20, 30, 40}), window, nobody);
  one.refill_started();
  for (const int ms : {5, 6}) EXPECT_TRUE(one.put({at(ms), nullptr}));  // 40 and 30 go
  one.refill(all_at({40, 50, 60}), window, nobody);                     // read from 40 on
  EXPECT_THAT(drain(one, all_at({5, 6, 10, 20, 30, 40, 50, 60})),
              testing::UnorderedElementsAre(5, 6, 10, 20, 30, 40, 50, 60));
}

TEST(lane, more_puts_than_a_window_while_the_store_is_read_lose_nothing) {
  lane one{spool::lane_row{}, window, false};
  one.refill_started();
  for (const int ms : {19, 18, 17, 16, 15, 14, 13}) EXPECT_FALSE(one.put({at(ms), nullptr}));
  one.refill(all_at({10, 20}), window, nobody);
  EXPECT_THAT(drain(one, all_at({10, 13, 14, 15, 16, 17, 18, 19, 20})),
              ElementsAre(10, 13, 14, 15, 16, 17, 18, 19, 20));
}

TEST(lane, what_is_set_aside_is_not_read_a_second_time) {
  lane one{spool::lane_row{}, window, false};
  one.refill_started();
  one.refill(all_at({10, 20, 30, 40}), window, nobody);
  auto last = one.take_due(late_enough);
  while (auto next = one.take_due(late_enough)) last = std::move(next);
  ASSERT_EQ(last->at, at(40));
  ASSERT_TRUE(one.park(std::move(*last)));
  for (const int ms : {1, 2, 3, 4, 5}) EXPECT_TRUE(one.put({at(ms), nullptr}));  // the cursor goes back before 40
  EXPECT_THAT(drain(one, all_at({1, 2, 3, 4, 5, 40})), testing::UnorderedElementsAre(1, 2, 3, 4, 5, 40));
}

TEST(lane, what_comes_back_from_aside_does_not_take_the_cursor_past_what_is_stored) {
  lane one{spool::lane_row{}, window, false};
  one.refill_started();
  one.refill(all_at({30, 40}), 2, nobody);
  while (auto item = one.take_due(late_enough)) ASSERT_TRUE(one.park(std::move(*item)));
  for (const int ms : {1, 2, 3, 4, 5}) EXPECT_TRUE(one.put({at(ms), nullptr}));  // the cursor goes back to 4
  one.unpark();
  EXPECT_TRUE(one.put({at(0), nullptr}));  // and the window is too full
  EXPECT_THAT(drain(one, all_at({0, 1, 2, 3, 4, 5, 7, 30, 40})),
              testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5, 7, 30, 40));
}

TEST(lane, a_read_that_failed_is_not_repeated_at_once) {
  lane one{spool::lane_row{}, window, false};
  one.refill_started();
  one.refill_failed();
  EXPECT_FALSE(one.wants_refill());
  one.unpark();  // with the next housekeeping
  EXPECT_TRUE(one.wants_refill());
  EXPECT_THAT(drain(one, all_at({10})), ElementsAre(10));
}

TEST(lane, what_is_dropped_is_no_longer_counted_as_warm) {
  const auto message = make_delivery_message(spool::message_row{},
                                             std::make_shared<const std::string>("Subject: Hello\r\n\r\nBody.\r\n"));
  ASSERT_TRUE(message);
  std::size_t account = 0;
  const auto warm = [&](int ms) {
    return lane_item{at(ms), std::make_shared<warm_entry>(*message, spool::recipient_row{}, account)};
  };
  {
    lane one{spool::lane_row{}, window, false};
    one.refill_started();
    one.refill(all_at({10, 20, 30, 40}), window, nobody);
    EXPECT_FALSE(one.put(warm(50)));
    EXPECT_EQ(account, 0U) << "behind the cursor";
    EXPECT_TRUE(one.put(warm(35)));  // the last one goes, 40
    EXPECT_EQ(account, (*message)->bytes());
    EXPECT_TRUE(one.put(warm(5)));  // the last one goes, 35
    EXPECT_EQ(account, (*message)->bytes());
    one.remove(at(5));
    EXPECT_EQ(account, 0U);
    EXPECT_TRUE(one.put(warm(6)));
  }
  EXPECT_EQ(account, 0U);
}

TEST(lane, a_lane_that_is_read_to_its_end_is_complete) {
  lane one{spool::lane_row{}, window, false};
  one.refill_started();
  EXPECT_FALSE(one.put({at(15), nullptr}));
  one.refill(all_at({10, 20}), window, nobody);
  EXPECT_TRUE(one.complete());
  EXPECT_TRUE(one.put({at(30), nullptr}));
  one.remove(at(30));
  EXPECT_THAT(drain(one, {}), ElementsAre(10, 15, 20));
  EXPECT_THAT(drain(one, {}), IsEmpty());
}

}  // namespace
}  // namespace stellwerk::delivery
