// Mail whose content is not in memory, on a disk that cannot always read it.
#include "world_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using mail::recipient_state;
using std::chrono::minutes;

error input_error() { return {boost::system::errc::make_error_code(boost::system::errc::io_error), "spool.read_body"}; }

class reading : public world_fixture {
 protected:
  reading() {
    traits_ = {destination("onprem", "on_prem", 1)};
    rules_.routes = {failover_route("everything", {"onprem"})};
    config_.warm_bytes_max = 0;
  }
  // One message is being delivered for a minute, and takes the only connection.
  void occupy() {
    runner_.scripts["onprem"] = [](const auto&) { return delivers(minutes{1}); };
    submit();
    turn();
    runner_.scripts.clear();
  }
};

TEST_F(reading, content_that_cannot_be_read_for_a_while_is_delivered_later) {
  start();
  occupy();
  submit();
  turn();
  store_.reads_fail = input_error();
  run_for(minutes{5});
  EXPECT_EQ(runner_.seen.size(), 1U);
  EXPECT_GT(store_.loads, 2U);
  EXPECT_LT(store_.loads, 60U) << "it pauses between two reads";
  store_.reads_fail.reset();
  run_for(minutes{1});
  EXPECT_EQ(store_.in_state(recipient_state::delivered), 2U);
}

TEST_F(reading, a_line_is_long_beyond_a_window_while_it_could_move) {
  config_.lane_window = 5;
  start();
  occupy();
  for (int i = 0; i < 4; ++i) submit();
  run_for(seconds{2});
  EXPECT_FALSE(dispatcher_->long_line());
  submit();
  run_for(seconds{2});
  EXPECT_TRUE(dispatcher_->long_line());
  ASSERT_TRUE(dispatcher_->destinations().drain("onprem", "maintenance"));
  run_for(seconds{2});
  EXPECT_FALSE(dispatcher_->long_line()) << "nothing would leave sooner";
  ASSERT_TRUE(dispatcher_->destinations().resume("onprem"));
  run_for(seconds{2});
  EXPECT_TRUE(dispatcher_->long_line());
  run_for(minutes{2});
  EXPECT_EQ(store_.in_state(recipient_state::delivered), 6U);
  EXPECT_FALSE(dispatcher_->long_line());
}

TEST_F(reading, damaged_content_is_read_once_and_never_delivered) {
  start();
  occupy();
  submit();
  turn();
  store_.reads_fail = error{errc::corrupt, "spool.read_body"};
  run_for(minutes{5});
  EXPECT_EQ(store_.loads, 1U);
  EXPECT_EQ(runner_.seen.size(), 1U);
}

TEST_F(reading, a_lane_that_cannot_be_read_for_a_while_is_read_later) {
  start();
  occupy();
  submit();
  turn();
  store_.reads_fail = input_error();
  crash();
  run_for(minutes{5});
  EXPECT_GT(store_.scans, 2U);
  EXPECT_LT(store_.scans, 120U) << "it pauses between two reads";
  store_.reads_fail.reset();
  run_for(minutes{10});
  EXPECT_EQ(store_.in_state(recipient_state::delivered), 2U);
}

TEST_F(reading, an_intent_that_cannot_be_read_at_the_start_is_recovered_later) {
  for (std::optional<error> memory_store::*const what : {&memory_store::reads_fail, &memory_store::rows_fail}) {
    start();
    occupy();
    store_.*what = input_error();
    crash();
    run_for(seconds{30});
    const std::size_t seen = runner_.seen.size();
    EXPECT_EQ(store_.in_state(recipient_state::attempting), 1U);
    (store_.*what).reset();
    run_for(minutes{5});
    EXPECT_EQ(runner_.seen.size(), seen + 1);
    EXPECT_EQ(store_.in_state(recipient_state::attempting), 0U);
    EXPECT_EQ(store_.open_recipients(), 0U);
  }
}

TEST_F(reading, an_attempt_of_this_life_is_none_that_was_lost) {
  start();
  occupy();
  store_.reads_fail = input_error();
  crash();
  runner_.scripts["onprem"] = [](const auto&) { return delivers(minutes{1}); };
  store_.reads_fail.reset();
  submit();
  run_for(seconds{30});
  // Of the lost one's repeat and of the new one; the connection is the new one's first.
  run_for(minutes{5});
  EXPECT_EQ(store_.open_recipients(), 0U);
  EXPECT_EQ(runner_.seen.size(), 3U);
}

TEST_F(reading, held_while_it_cannot_be_read_it_stays_held) {
  start();
  occupy();
  const queue_id id = submit();
  turn();
  store_.reads_fail = input_error();
  run_for(seconds{65});
  ASSERT_GE(store_.loads, 1U);
  store_.reads_fail.reset();
  dispatcher_->operate({operation::hold, authority::operators, id, {}, "looked at", ""}, [](const auto&) {});
  turn();
  run_for(minutes{5});
  EXPECT_EQ(store_.in_state(recipient_state::held), 1U);
  EXPECT_EQ(runner_.seen.size(), 1U);
}

TEST_F(reading, memory_of_a_cancelled_message_serves_the_next) {
  config_.warm_bytes_max = 100;  // of one message
  start();
  occupy();
  const queue_id cancelled = submit();
  turn();
  dispatcher_->operate({operation::cancel, authority::operators, cancelled, {}, "", ""}, [](const auto&) {});
  turn();
  const std::size_t loads = store_.loads;
  submit();
  run_for(minutes{2});
  EXPECT_EQ(store_.in_state(recipient_state::delivered), 2U);
  EXPECT_EQ(store_.loads, loads) << "it was still in memory when it started";
}

}  // namespace
}  // namespace stellwerk::delivery
