// One test per row of the table in policy/health/destination_health.hpp, and the promises that span rows.
#include "policy/health/destination_health.hpp"

#include <gtest/gtest.h>

namespace stellwerk::policy {
namespace {

using namespace std::chrono_literals;
using mail::attempt_outcome;

class destination_health_test : public ::testing::Test {
 protected:
  void pass(std::chrono::nanoseconds by) {
    clock_.advance(by);
    health_.advance(clock_.steady());
  }
  candidate_reason unavailable() { return health_.unavailable(clock_.steady()); }

  void attempt(attempt_outcome outcome, bool connect_class = false, duration took = 100ms) {
    const auto ticket = health_.begin(clock_.steady());
    ASSERT_TRUE(ticket.has_value()) << to_string(unavailable());
    clock_.advance(took);
    health_.finish(*ticket, {outcome, connect_class, took}, clock_.steady());
  }
  void eject_by_connect() {
    attempt(attempt_outcome::deferred_destination, true);
    attempt(attempt_outcome::deferred_destination, true);
    ASSERT_EQ(health_.state(), health_state::open);
  }
  void eject_by_consecutive() {
    for (int i = 0; i < 5; ++i) attempt(attempt_outcome::deferred_destination);
    ASSERT_EQ(health_.state(), health_state::open);
  }
  void eject_by_ratio() {
    while (health_.state() == health_state::closed) {
      attempt(attempt_outcome::delivered);
      if (health_.state() == health_state::closed) attempt(attempt_outcome::unknown);
    }
  }
  // Runs the handshake rung for `time`, every probe with this result.
  void probe_for(std::chrono::milliseconds time, bool good) {
    for (std::chrono::milliseconds passed{0}; passed < time; passed += 250ms) {
      pass(250ms);
      if (!health_.probe_due(clock_.steady())) continue;
      health_.probe_started(clock_.steady());
      health_.probe_finished(good, clock_.steady());
    }
  }
  void reach_trial() {
    probe_for(60s, true);
    ASSERT_EQ(health_.state(), health_state::half_open);
    ASSERT_FALSE(health_.slow_starting());
  }

  manual_clock clock_;
  seeded_random random_{7};
  health_config config_;
  destination_health health_{config_, random_};
};

TEST_F(destination_health_test, two_connect_failures_in_a_row_open) {
  attempt(attempt_outcome::deferred_destination, true);
  EXPECT_EQ(unavailable(), candidate_reason::none);
  attempt(attempt_outcome::deferred_destination, true);
  EXPECT_EQ(unavailable(), candidate_reason::ejected);
  EXPECT_EQ(health_.cause(), ejection_cause::connect);
  EXPECT_FALSE(health_.panic_allowed());
}

TEST_F(destination_health_test, any_answer_between_resets_the_connect_count) {
  attempt(attempt_outcome::deferred_destination, true);
  attempt(attempt_outcome::rejected_recipient);
  attempt(attempt_outcome::deferred_destination, true);
  EXPECT_EQ(health_.state(), health_state::closed);
}

TEST_F(destination_health_test, five_failures_in_a_row_open) {
  for (int i = 0; i < 4; ++i) attempt(attempt_outcome::deferred_destination);
  EXPECT_EQ(health_.state(), health_state::closed);
  attempt(attempt_outcome::unknown);
  EXPECT_EQ(health_.cause(), ejection_cause::consecutive);
  EXPECT_FALSE(health_.panic_allowed());
}

TEST_F(destination_health_test, half_of_twenty_failing_opens_by_ratio) {
  int attempts = 0;
  while (health_.state() == health_state::closed && attempts < 100) {
    attempt(attempts % 2 == 0 ? attempt_outcome::delivered : attempt_outcome::deferred_destination);
    ++attempts;
  }
  EXPECT_EQ(attempts, 20);
  EXPECT_EQ(health_.cause(), ejection_cause::ratio);
  EXPECT_TRUE(health_.panic_allowed());
}

TEST_F(destination_health_test, fewer_than_minimum_attempts_never_open_by_ratio) {
  for (int i = 0; i < 9; ++i) {
    attempt(attempt_outcome::deferred_destination);
    attempt(attempt_outcome::delivered);
  }
  EXPECT_EQ(health_.state(), health_state::closed);
}

TEST_F(destination_health_test, failures_fall_out_of_the_window) {
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 4; ++i) attempt(attempt_outcome::deferred_destination);
    attempt(attempt_outcome::delivered);
    pass(31s);
  }
  EXPECT_EQ(health_.state(), health_state::closed);
}

TEST_F(destination_health_test, recipient_level_outcomes_never_count_against_health) {
  for (const auto outcome :
       {attempt_outcome::rejected_recipient, attempt_outcome::rejected_message, attempt_outcome::refused_policy,
        attempt_outcome::refused_sender, attempt_outcome::deferred_recipient,
        attempt_outcome::deferred_mailbox_provider, attempt_outcome::throttled, attempt_outcome::adapter_fault}) {
    for (int i = 0; i < 50; ++i) attempt(outcome);
    EXPECT_EQ(health_.state(), health_state::closed) << mail::to_string(outcome);
  }
}

TEST_F(destination_health_test, brown_out_opens_by_latency) {
  for (int i = 0; i < 400; ++i) attempt(attempt_outcome::delivered, false, 100ms);
  pass(31s);
  for (int i = 0; i < 30 && health_.state() == health_state::closed; ++i) {
    attempt(attempt_outcome::delivered, false, 12s);
    clock_.advance(-11s);  // they run side by side
  }
  EXPECT_EQ(health_.cause(), ejection_cause::latency);
  EXPECT_TRUE(health_.panic_allowed());
}

TEST_F(destination_health_test, attempts_that_hang_are_noticed_before_they_end) {
  for (int i = 0; i < 400; ++i) attempt(attempt_outcome::delivered, false, 100ms);
  for (int i = 0; i < 25; ++i) ASSERT_TRUE(health_.begin(clock_.steady()).has_value());
  pass(15s);
  EXPECT_EQ(health_.cause(), ejection_cause::latency);
}

TEST_F(destination_health_test, a_destination_that_was_always_slow_is_not_browned_out) {
  for (int i = 0; i < 400; ++i) {
    attempt(attempt_outcome::delivered, false, 12s);
    clock_.advance(-11s);
    health_.advance(clock_.steady());
  }
  EXPECT_EQ(health_.state(), health_state::closed);
}

TEST_F(destination_health_test, refused_account_opens_at_once_and_names_itself) {
  attempt(attempt_outcome::refused_account);
  EXPECT_EQ(unavailable(), candidate_reason::account_refused);
  EXPECT_FALSE(health_.panic_allowed());
}

TEST_F(destination_health_test, a_burst_of_refused_account_is_one_ejection) {
  std::vector<attempt_ticket> tickets;
  for (int i = 0; i < 10; ++i) tickets.push_back(*health_.begin(clock_.steady()));
  for (const auto& ticket : tickets) {
    health_.finish(ticket, {attempt_outcome::refused_account, false, 10ms}, clock_.steady());
  }
  EXPECT_EQ(health_.take_transitions().size(), 1U);
}

TEST_F(destination_health_test, connect_ejection_needs_handshakes_good_for_the_stable_time) {
  eject_by_connect();
  probe_for(15s, true);
  EXPECT_EQ(health_.state(), health_state::open);
  probe_for(10s, true);
  EXPECT_EQ(health_.state(), health_state::half_open);
}

TEST_F(destination_health_test, a_bad_handshake_starts_the_stable_time_over) {
  eject_by_connect();
  probe_for(14s, true);
  probe_for(6s, false);
  probe_for(14s, true);
  EXPECT_EQ(health_.state(), health_state::open);
}

TEST_F(destination_health_test, soft_ejection_waits_its_time_then_one_handshake) {
  eject_by_consecutive();
  probe_for(29s, true);
  EXPECT_EQ(health_.state(), health_state::open);
  probe_for(5s, true);
  EXPECT_EQ(health_.state(), health_state::half_open);
}

TEST_F(destination_health_test, soft_ejection_that_does_not_answer_becomes_a_connect_ejection) {
  eject_by_ratio();
  EXPECT_TRUE(health_.panic_allowed());
  probe_for(40s, false);
  EXPECT_EQ(health_.cause(), ejection_cause::connect);
  EXPECT_FALSE(health_.panic_allowed());
}

TEST_F(destination_health_test, half_open_lets_one_message_through) {
  eject_by_connect();
  reach_trial();
  EXPECT_EQ(unavailable(), candidate_reason::none);
  const auto trial = health_.begin(clock_.steady());
  ASSERT_TRUE(trial.has_value());
  EXPECT_TRUE(trial->trial);
  EXPECT_EQ(unavailable(), candidate_reason::ejected);
  EXPECT_FALSE(health_.begin(clock_.steady()).has_value());
}

TEST_F(destination_health_test, a_cancelled_trial_is_free_again) {
  eject_by_connect();
  reach_trial();
  health_.cancel(*health_.begin(clock_.steady()));
  EXPECT_EQ(unavailable(), candidate_reason::none);
}

TEST_F(destination_health_test, good_trial_starts_slowly_and_closes_after_slow_start) {
  eject_by_connect();
  reach_trial();
  attempt(attempt_outcome::delivered);
  EXPECT_TRUE(health_.slow_starting());
  EXPECT_EQ(health_.connections_allowed(20, clock_.steady()), 2U);
  pass(30s);
  EXPECT_EQ(health_.connections_allowed(20, clock_.steady()), 11U);
  EXPECT_EQ(health_.state(), health_state::half_open);
  pass(31s);
  EXPECT_EQ(health_.state(), health_state::closed);
  EXPECT_EQ(health_.connections_allowed(20, clock_.steady()), 20U);
}

TEST_F(destination_health_test, failed_trial_opens_for_twice_the_time) {
  eject_by_consecutive();
  reach_trial();
  (void)health_.take_transitions();
  attempt(attempt_outcome::deferred_destination);
  const auto transitions = health_.take_transitions();
  ASSERT_EQ(transitions.size(), 1U);
  EXPECT_EQ(transitions[0].to, health_state::open);
  EXPECT_GE(transitions[0].ejection, 60s);
  EXPECT_LE(transitions[0].ejection, 66s);
}

TEST_F(destination_health_test, soft_causes_want_good_messages_for_the_stable_time) {
  eject_by_consecutive();
  reach_trial();
  attempt(attempt_outcome::delivered);
  EXPECT_FALSE(health_.slow_starting());
  EXPECT_EQ(unavailable(), candidate_reason::ejected) << "one trial per probe interval";
  pass(17s);
  attempt(attempt_outcome::delivered);
  EXPECT_TRUE(health_.slow_starting());
}

TEST_F(destination_health_test, only_a_delivered_message_proves_the_account) {
  attempt(attempt_outcome::refused_account);
  reach_trial();
  attempt(attempt_outcome::rejected_recipient);
  EXPECT_FALSE(health_.slow_starting());
  pass(6s);
  attempt(attempt_outcome::delivered);
  EXPECT_TRUE(health_.slow_starting());
}

TEST_F(destination_health_test, trouble_in_slow_start_opens_again) {
  eject_by_connect();
  reach_trial();
  attempt(attempt_outcome::delivered);
  attempt(attempt_outcome::deferred_destination, true);
  attempt(attempt_outcome::deferred_destination, true);
  EXPECT_EQ(health_.state(), health_state::open);
}

TEST_F(destination_health_test, outcomes_of_attempts_from_before_the_ejection_change_nothing) {
  const auto old = health_.begin(clock_.steady());
  eject_by_connect();
  health_.finish(*old, {attempt_outcome::delivered, false, 1s}, clock_.steady());
  EXPECT_EQ(health_.state(), health_state::open);
}

TEST_F(destination_health_test, ejection_time_stops_at_its_maximum_and_starts_over_after_a_good_while) {
  duration longest{0};
  for (int i = 0; i < 10; ++i) {
    attempt(attempt_outcome::refused_account);
    for (const auto& one : health_.take_transitions()) longest = std::max(longest, one.ejection);
    health_.resume(clock_.steady());
  }
  EXPECT_GE(longest, 10min);
  EXPECT_LE(longest, 11min);
  attempt(attempt_outcome::delivered);
  pass(61s);
  pass(11min);
  ASSERT_EQ(health_.state(), health_state::closed);
  (void)health_.take_transitions();
  attempt(attempt_outcome::refused_account);
  EXPECT_LE(health_.take_transitions().front().ejection, 33s);
}

TEST_F(destination_health_test, drained_outranks_and_outlives_what_happens_beneath) {
  health_.drain();
  EXPECT_EQ(unavailable(), candidate_reason::drained);
  EXPECT_FALSE(health_.begin(clock_.steady()).has_value());
  pass(1h);
  EXPECT_EQ(unavailable(), candidate_reason::drained);
  health_.resume(clock_.steady());
  EXPECT_EQ(unavailable(), candidate_reason::none);
}

TEST_F(destination_health_test, suspension_ends_by_itself) {
  health_.suspend(clock_.steady() + 10min);
  EXPECT_EQ(unavailable(), candidate_reason::suspended);
  pass(9min);
  EXPECT_EQ(unavailable(), candidate_reason::suspended);
  pass(61s);
  EXPECT_EQ(unavailable(), candidate_reason::none);
}

TEST_F(destination_health_test, suspension_without_end_stays) {
  health_.suspend(std::nullopt);
  pass(24h);
  EXPECT_EQ(unavailable(), candidate_reason::suspended);
}

TEST_F(destination_health_test, operator_resume_of_an_ejected_destination_tries_a_message_at_once) {
  attempt(attempt_outcome::refused_account);
  health_.resume(clock_.steady());
  EXPECT_EQ(unavailable(), candidate_reason::none);
  attempt(attempt_outcome::delivered);
  EXPECT_TRUE(health_.slow_starting());
}

TEST_F(destination_health_test, panic_begins_where_allowed_and_takes_a_tenth_of_the_connections) {
  eject_by_ratio();
  EXPECT_FALSE(health_.begin(clock_.steady()).has_value());
  EXPECT_TRUE(health_.begin(clock_.steady(), ignore_marks::panic).has_value());
  EXPECT_EQ(health_.connections_allowed(40, clock_.steady()), 4U);
}

TEST_F(destination_health_test, panic_never_ignores_connect_failures) {
  eject_by_connect();
  EXPECT_FALSE(health_.begin(clock_.steady(), ignore_marks::panic).has_value());
}

// The promise to the operator: traffic changes sides at most twice in five minutes.
template <class Outcome>
int switches_of_a_flapping_destination(std::chrono::minutes watch, Outcome bad_outcome) {
  manual_clock clock;
  seeded_random random{11};
  destination_health health{health_config{}, random};
  int switches = 0;
  bool carried = true;
  const auto start = clock.steady();
  while (clock.steady() - start < watch) {
    const bool good = (clock.steady() - start) / 10s % 2 == 0;
    if (health.probe_due(clock.steady())) {
      health.probe_started(clock.steady());
      health.probe_finished(good || !bad_outcome.connect_class, clock.steady());
    }
    if (const auto ticket = health.begin(clock.steady())) {
      clock.advance(50ms);
      auto report = bad_outcome;
      if (good) report = {attempt_outcome::delivered, false, 50ms};
      health.finish(*ticket, report, clock.steady());
    }
    clock.advance(50ms);
    health.advance(clock.steady());
    const bool carries = health.state() == health_state::closed || health.slow_starting();
    if (carries != carried) ++switches;
    carried = carries;
  }
  return switches;
}

TEST(destination_health_flapping, unreachable_every_other_ten_seconds_switches_at_most_twice) {
  EXPECT_LE(switches_of_a_flapping_destination(5min, health_report{attempt_outcome::deferred_destination, true, 1ms}),
            2);
  EXPECT_LE(switches_of_a_flapping_destination(60min, health_report{attempt_outcome::deferred_destination, true, 1ms}),
            24);
}

TEST(destination_health_flapping, failing_every_other_ten_seconds_switches_at_most_twice) {
  EXPECT_LE(switches_of_a_flapping_destination(5min, health_report{attempt_outcome::deferred_destination, false, 1ms}),
            2);
}

TEST(health_summary, the_outcome_that_says_most_about_the_destination_wins) {
  mail::recipient_outcome good;
  good.outcome = attempt_outcome::delivered;
  mail::recipient_outcome rejected;
  rejected.outcome = attempt_outcome::rejected_recipient;
  mail::recipient_outcome lost;
  lost.outcome = attempt_outcome::deferred_destination;
  lost.connect_class = true;
  EXPECT_EQ(summarise({rejected, good}, 1s).outcome, attempt_outcome::delivered);
  EXPECT_EQ(summarise({good, lost}, 1s).outcome, attempt_outcome::deferred_destination);
  EXPECT_TRUE(summarise({good, lost}, 1s).connect_class);
  EXPECT_EQ(summarise({rejected}, 1s).outcome, attempt_outcome::rejected_recipient);
}

}  // namespace
}  // namespace stellwerk::policy
