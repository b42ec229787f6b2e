#include "policy/health/pair_health.hpp"

#include <gtest/gtest.h>

namespace stellwerk::policy {
namespace {

using namespace std::chrono_literals;
using mail::attempt_outcome;

class pair_health_test : public ::testing::Test {
 protected:
  candidate_reason unavailable() { return pair_.unavailable(clock_.steady()); }
  void attempt(attempt_outcome outcome) {
    const auto began = clock_.steady();
    ASSERT_TRUE(pair_.begin(began));
    clock_.advance(100ms);
    pair_.finish(outcome, began, clock_.steady());
  }

  manual_clock clock_;
  seeded_random random_{3};
  pair_health pair_{health_config{}, random_};
};

TEST_F(pair_health_test, a_provider_deferral_opens_the_pair) {
  attempt(attempt_outcome::deferred_mailbox_provider);
  EXPECT_EQ(unavailable(), candidate_reason::ejected);
  EXPECT_EQ(pair_.state(clock_.steady()), health_state::open);
}

TEST_F(pair_health_test, other_outcomes_leave_it_closed) {
  attempt(attempt_outcome::rejected_recipient);
  attempt(attempt_outcome::deferred_destination);
  EXPECT_EQ(unavailable(), candidate_reason::none);
  EXPECT_TRUE(pair_.idle(clock_.steady()));
}

TEST_F(pair_health_test, after_its_time_one_trial_at_a_time) {
  attempt(attempt_outcome::deferred_mailbox_provider);
  clock_.advance(34s);
  EXPECT_EQ(pair_.state(clock_.steady()), health_state::half_open);
  ASSERT_TRUE(pair_.begin(clock_.steady()));
  EXPECT_FALSE(pair_.begin(clock_.steady()));
  pair_.cancel();
  EXPECT_TRUE(pair_.begin(clock_.steady()));
}

TEST_F(pair_health_test, a_good_trial_closes) {
  attempt(attempt_outcome::deferred_mailbox_provider);
  clock_.advance(34s);
  attempt(attempt_outcome::delivered);
  EXPECT_EQ(pair_.state(clock_.steady()), health_state::closed);
}

TEST_F(pair_health_test, a_deferred_trial_doubles_the_time) {
  attempt(attempt_outcome::deferred_mailbox_provider);
  clock_.advance(34s);
  attempt(attempt_outcome::deferred_mailbox_provider);
  clock_.advance(59s);
  EXPECT_EQ(unavailable(), candidate_reason::ejected);
  clock_.advance(8s);
  EXPECT_EQ(unavailable(), candidate_reason::none);
}

TEST_F(pair_health_test, losing_the_destination_in_the_trial_proves_nothing) {
  attempt(attempt_outcome::deferred_mailbox_provider);
  clock_.advance(34s);
  attempt(attempt_outcome::deferred_destination);
  EXPECT_EQ(pair_.state(clock_.steady()), health_state::half_open);
  EXPECT_EQ(unavailable(), candidate_reason::none);
}

TEST_F(pair_health_test, attempts_of_the_burst_that_opened_it_neither_close_nor_double) {
  const auto began = clock_.steady();
  ASSERT_TRUE(pair_.begin(began));
  ASSERT_TRUE(pair_.begin(began));
  clock_.advance(1s);
  pair_.finish(attempt_outcome::deferred_mailbox_provider, began, clock_.steady());
  pair_.finish(attempt_outcome::delivered, began, clock_.steady());
  EXPECT_EQ(unavailable(), candidate_reason::ejected);
  pair_.finish(attempt_outcome::deferred_mailbox_provider, began, clock_.steady());
  clock_.advance(34s);
  EXPECT_EQ(unavailable(), candidate_reason::none);
}

TEST_F(pair_health_test, throttled_pauses_the_pair) {
  const auto began = clock_.steady();
  ASSERT_TRUE(pair_.begin(began));
  clock_.advance(1s);
  pair_.throttled(20s, began, clock_.steady());
  EXPECT_EQ(unavailable(), candidate_reason::throttled);
  clock_.advance(21s);
  EXPECT_EQ(unavailable(), candidate_reason::none);
}

}  // namespace
}  // namespace stellwerk::policy
