// What the committer remembers of messages, and for how long.
#include "gateway/spool/embedded/message_cache.hpp"

#include "tests/unit/gateway/spool/damage_fixture.hpp"

namespace stellwerk::spool {
namespace {

class message_cache_test : public damage_fixture {};

TEST_F(message_cache_test, what_finished_leaves_at_the_end_of_the_round) {
  const auto store = embedded::open_closed(tool());
  ASSERT_TRUE(store);
  embedded::message_cache cache{*store->db, 10};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(cache.find(ids_seen_[static_cast<std::size_t>(i)]));
  embedded::cached_message* const finished = *cache.find(ids_seen_[0]);
  finished->is_finished = true;
  cache.note_finished(ids_seen_[0]);
  cache.note_finished(ids_seen_[1]);  // and opened again by a merge
  EXPECT_EQ(cache.size(), 3U) << "pointers hold until then";
  cache.end_round();
  EXPECT_EQ(cache.size(), 2U);
  ASSERT_TRUE(*cache.find(ids_seen_[0]));
  EXPECT_FALSE((*cache.find(ids_seen_[0]))->is_finished) << "as the disk has it";
}

TEST_F(message_cache_test, the_oldest_give_way) {
  const auto store = embedded::open_closed(tool());
  ASSERT_TRUE(store);
  embedded::message_cache cache{*store->db, 2};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(cache.find(ids_seen_[static_cast<std::size_t>(i)]));
  EXPECT_EQ(cache.size(), 3U);
  cache.end_round();
  EXPECT_EQ(cache.size(), 2U);
}

}  // namespace
}  // namespace stellwerk::spool
