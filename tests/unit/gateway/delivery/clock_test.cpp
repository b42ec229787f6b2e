// P-172: the wall clock jumps while mail is queued. Deadlines are times of the wall and are honoured as they were
// given; whatever measures how long something takes does not notice.
#include <set>

#include "world_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using mail::attempt_outcome;
using mail::recipient_state;
using std::chrono::hours;
using std::chrono::minutes;

class clock_jump : public world_fixture {
 protected:
  static constexpr std::size_t letters = 40;
  static constexpr std::uint32_t connections = 3;

  clock_jump() {
    traits_ = {destination("onprem", "on_prem", connections)};
    rules_.routes = {failover_route("everything", {"onprem"})};
  }

  // Everything was deferred by its recipient once, and waits.
  void queue_letters() {
    runner_.scripts["onprem"] = [](const auto&) { return answers(attempt_outcome::deferred_recipient, 450, "4.2.0"); };
    start();
    for (std::size_t i = 0; i < letters; ++i) ids_seen_.insert(submit());
    run_for(seconds{3});
    ASSERT_EQ(store_.in_state(recipient_state::deferred), letters);
    runner_.scripts.clear();
    runner_.seen.clear();
    on_turn = [this] { most_at_once_ = std::max(most_at_once_, dispatcher_->attempts_in_flight()); };
  }
  void expect_each_delivered_once() {
    EXPECT_EQ(store_.in_state(recipient_state::delivered), letters);
    EXPECT_EQ(runner_.seen.size(), letters);
    EXPECT_EQ(store_.open_recipients(), 0U);
    EXPECT_LE(most_at_once_, connections);
  }

  std::set<queue_id> ids_seen_;
  std::size_t most_at_once_ = 0;
};

TEST_F(clock_jump, p172_an_hour_ahead_everything_leaves_at_the_pace_of_its_destination) {
  queue_letters();
  clock_.jump(hours{1});
  run_for(minutes{2});
  EXPECT_EQ(store_.in_state(recipient_state::expired), 0U);
  expect_each_delivered_once();
}

TEST_F(clock_jump, p172_an_hour_back_everything_waits_for_its_time_and_nothing_expires) {
  queue_letters();
  clock_.jump(-hours{1});
  run_for(minutes{30});
  EXPECT_TRUE(runner_.seen.empty());
  run_for(minutes{50});
  EXPECT_EQ(store_.in_state(recipient_state::expired), 0U);
  expect_each_delivered_once();
}

TEST_F(clock_jump, p172_a_day_back_and_set_right_again_nothing_happened) {
  queue_letters();
  clock_.jump(-hours{24});
  run_for(minutes{10});
  EXPECT_EQ(store_.in_state(recipient_state::deferred), letters);
  const queue_id meanwhile = submit();
  EXPECT_FALSE(ids_seen_.contains(meanwhile));
  run_for(seconds{1});
  ASSERT_EQ(runner_.seen.size(), 1U) << "mail that comes now goes now";
  runner_.seen.clear();
  clock_.jump(hours{24});
  run_for(minutes{30});
  EXPECT_EQ(store_.in_state(recipient_state::expired), 0U);
  EXPECT_EQ(store_.in_state(recipient_state::delivered), letters + 1);
  EXPECT_EQ(runner_.seen.size(), letters);
}

TEST_F(clock_jump, p172_four_hundred_days_ahead_each_ends_once_and_never_comes_back) {
  queue_letters();
  clock_.jump(hours{24 * 400});
  run_for(minutes{5});
  EXPECT_EQ(store_.in_state(recipient_state::expired), letters);
  for (const seen_attempt& one : runner_.seen) EXPECT_TRUE(one.reverse_path.empty()) << "a notice, no letter";
  const std::size_t seen = runner_.seen.size();
  clock_.jump(-hours{24 * 400});
  run_for(minutes{30});
  EXPECT_EQ(store_.in_state(recipient_state::expired), letters);
  EXPECT_EQ(runner_.seen.size(), seen);
}

TEST_F(clock_jump, p172_its_deadline_stays_where_it_was) {
  runner_.scripts["onprem"] = [](const auto&) { return answers(attempt_outcome::deferred_recipient, 450, "4.2.0"); };
  start();
  submit([this](spool::accept_request& request) { request.message.expires = clock_.now() + hours{3}; });
  run_for(minutes{1});
  clock_.jump(hours{2});
  run_for(minutes{50});
  EXPECT_EQ(store_.in_state(recipient_state::deferred), 1U);
  run_for(minutes{70});
  EXPECT_EQ(store_.in_state(recipient_state::expired), 1U);
}

TEST_F(clock_jump, p172_ids_stay_unique) {
  std::set<queue_id> seen;
  for (int i = 0; i < 2000; ++i) {
    if (i % 100 == 50) clock_.jump(-hours{1});
    if (i % 100 == 0) clock_.jump(hours{1});
    EXPECT_TRUE(seen.insert(ids_.next()).second);
  }
}

}  // namespace
}  // namespace stellwerk::delivery
