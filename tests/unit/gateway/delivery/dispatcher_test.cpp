#include <fstream>

#include "delivery_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using mail::attempt_outcome;
using mail::recipient_state;
using namespace std::chrono_literals;

class dispatcher_test : public delivery_fixture {};

TEST_F(dispatcher_test, first_attempt_carries_its_intent_in_the_accept_commit) {
  start();
  const queue_id id = submit({"a@example.org"});
  ASSERT_EQ(accepted_, 1);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  const auto stored = row(id);
  EXPECT_EQ(stored.state, recipient_state::attempting);
  ASSERT_TRUE(stored.intent);
  EXPECT_EQ(stored.intent->destination, "onprem");
  EXPECT_EQ(stored.intent->attempt_id, runner_.attempts.front().what.attempt_id);
}

TEST_F(dispatcher_test, delivered_is_final_with_its_history) {
  start();
  const queue_id id = submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::delivered)});
  const auto done = row(id);
  EXPECT_EQ(done.state, recipient_state::delivered);
  ASSERT_FALSE(done.attempts.empty());
  EXPECT_EQ(done.attempts.back().destination, "onprem");
  EXPECT_EQ(dispatcher_->unsettled(), 0U);
}

TEST_F(dispatcher_test, what_was_given_up_for_a_damaged_body_goes_on_when_a_repetition_brings_it_again) {
  const auto content =
      std::make_shared<const std::string>("From: sender@shop.example\r\n\r\n" + std::string(20'000, 'x') + "\r\n");
  const auto keyed = [&content](spool::accept_request& request) {
    request.content = content;
    request.message.size = content->size();
    request.idempotency.emplace();
    request.idempotency->tenant = "acme";
    request.idempotency->key = "one";
  };
  start();
  for (const char* name : {"onprem", "mailjet"}) dispatcher_->destinations().drain(name, "maintenance");
  const queue_id id = submit({"a@example.org"}, keyed);
  shut_down();
  {
    std::fstream segment{directory_ / "segments" / "00000001.seg", std::ios::in | std::ios::out | std::ios::binary};
    segment.seekp(10'000);
    segment << "damage";
  }
  start();
  pass(1min);
  ASSERT_TRUE(runner_.attempts.empty()) << "a damaged body is not delivered";
  submit({"a@example.org"}, keyed);
  EXPECT_EQ(accepted_, 2);
  pass(1min);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(runner_.attempts.front().what.message, id);
  EXPECT_EQ(*runner_.attempts.front().what.content, *content);
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
  EXPECT_EQ(store_->count(mail::traffic_stream::transactional, recipient_state::ready), 0U);
}

TEST_F(dispatcher_test, connection_refused_moves_to_the_next_destination_at_once) {
  start();
  const queue_id id = submit({"a@example.org"});
  answer({connect_refused()});
  ASSERT_EQ(in_flight_at(), "mailjet");
  EXPECT_EQ(row(id).intent->destination, "mailjet");
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
}

TEST_F(dispatcher_test, who_has_another_way_waits_less_for_the_first_word) {
  start();
  submit({"a@example.org"});
  EXPECT_EQ(runner_.attempts.front().what.first_word_max, policy::patience::least);
  answer({outcome_of(attempt_outcome::delivered)}, 2s);
  submit({"b@example.org"});
  EXPECT_EQ(runner_.attempts.front().what.first_word_max, 4s) << "twice the slowest one lately";
  answer({connect_refused()});
  ASSERT_EQ(in_flight_at(), "mailjet");
  EXPECT_EQ(runner_.attempts.front().what.first_word_max, 0s) << "the last one there is";
  answer({outcome_of(attempt_outcome::delivered)});
  ASSERT_TRUE(dispatcher_->destinations().drain("mailjet", "maintenance"));
  submit({"c@example.org"});
  ASSERT_EQ(in_flight_at(), "onprem");
  EXPECT_EQ(runner_.attempts.front().what.first_word_max, 0s);
}

TEST_F(dispatcher_test, a_trial_waits_as_long_as_the_time_outs_say_and_handshakes_teach_patience) {
  start();
  runner_.greeting = 3s;
  for (int i = 0; i < 2; ++i) {
    submit({"a@example.org"});
    answer({connect_refused()});
    answer({outcome_of(attempt_outcome::delivered)});
  }
  EXPECT_EQ(runner_.let_go_of, (std::map<std::string, duration>{{"onprem", policy::patience::least}}))
      << "nobody answers: whoever talks to it and hears nothing is let go";
  pass(40s);
  submit({"b@example.org"});
  ASSERT_EQ(in_flight_at(), "onprem");
  EXPECT_EQ(runner_.attempts.front().what.first_word_max, 0s);
  answer({outcome_of(attempt_outcome::delivered)});
  submit({"c@example.org"});
  ASSERT_EQ(in_flight_at(), "onprem");
  EXPECT_EQ(runner_.attempts.front().what.first_word_max, 6s);
}

TEST_F(dispatcher_test, a_failed_handshake_lets_go_of_the_silent_whatever_it_was_ejected_for) {
  start();
  runner_.dead = {"onprem"};
  for (int i = 0; i < 5; ++i) {
    submit({"a@example.org"});
    answer({outcome_of(attempt_outcome::deferred_destination, 451, "4.3.0")});
    answer({outcome_of(attempt_outcome::delivered)});
  }
  EXPECT_TRUE(runner_.let_go_of.empty());
  pass(40s);
  EXPECT_TRUE(runner_.let_go_of.contains("onprem"));
}

TEST_F(dispatcher_test, dead_destination_is_left_out_of_first_attempts) {
  start();
  runner_.dead = {"onprem"};
  submit({"a@example.org"});
  answer({connect_refused()});
  answer({outcome_of(attempt_outcome::delivered)});
  submit({"b@example.org"});
  answer({connect_refused()});
  answer({outcome_of(attempt_outcome::delivered)});
  for (int i = 0; i < 30; ++i) {
    submit({"c@example.org"});
    ASSERT_EQ(in_flight_at(), "mailjet");
    answer({outcome_of(attempt_outcome::delivered)});
  }
}

TEST_F(dispatcher_test, refused_recipient_bounces_and_never_fails_over) {
  start();
  const queue_id id = submit({"gone@example.org"});
  answer({outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "no such user")});
  EXPECT_EQ(row(id).state, recipient_state::bounced);
  ASSERT_EQ(runner_.attempts.size(), 1U) << "the notice to the sender";
  const adapters::attempt& notice = runner_.attempts.front().what;
  EXPECT_EQ(notice.reverse_path, "");
  EXPECT_EQ(notice.recipients.front().address, "sender@shop.example");
  EXPECT_NE(notice.content->find("no such user"), std::string::npos);
  // A notice that fails makes no other one.
  answer({outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "no such user")});
  EXPECT_TRUE(runner_.attempts.empty());
}

TEST_F(dispatcher_test, recipients_of_one_message_have_their_own_fates) {
  start();
  const queue_id id = submit({"a@example.org", "b@example.org"});
  ASSERT_EQ(runner_.attempts.size(), 1U);
  answer({outcome_of(attempt_outcome::delivered),
          outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "greylisted")});
  EXPECT_EQ(row(id, 0).state, recipient_state::delivered);
  EXPECT_EQ(row(id, 1).state, recipient_state::deferred);
  pass(60s);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  ASSERT_EQ(runner_.attempts.front().what.recipients.size(), 1U);
  EXPECT_EQ(runner_.attempts.front().what.recipients.front().address, "b@example.org");
  EXPECT_EQ(in_flight_at(), "onprem") << "a deferral stays at its destination";
}

TEST_F(dispatcher_test, unknown_outcome_stays_at_its_destination) {
  start();
  const queue_id id = submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::unknown, 0, "", "connection lost")});
  EXPECT_EQ(row(id).state, recipient_state::unknown);
  EXPECT_EQ(row(id).pinned_destination, "onprem");
  pass(4min);
  EXPECT_TRUE(runner_.attempts.empty());
  pass(2min);
  ASSERT_EQ(in_flight_at(), "onprem");
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
}

// Its repeat failed for certain, which says nothing about the first hand-over.
TEST_F(dispatcher_test, unknown_outcome_stays_at_its_destination_when_the_repeat_fails) {
  start();
  const queue_id id = submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::unknown, 0, "", "connection lost")});
  pass(6min);
  ASSERT_EQ(in_flight_at(), "onprem");
  answer({outcome_of(attempt_outcome::deferred_destination, 421, "4.3.2", "going down")});
  EXPECT_TRUE(runner_.attempts.empty());
  EXPECT_EQ(row(id).pinned_destination, "onprem");
  pass(5min);
  ASSERT_EQ(in_flight_at(), "onprem");
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
}

TEST_F(dispatcher_test, on_unknown_hold_repeats_nowhere_and_expires) {
  rules_.routes[0].on_unknown = policy::on_unknown::hold;
  start();
  const queue_id id = submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::unknown, 0, "", "connection lost")});
  pass(23h);
  EXPECT_TRUE(runner_.attempts.empty());
  EXPECT_EQ(row(id).state, recipient_state::unknown);
  pass(2h);
  EXPECT_EQ(row(id).state, recipient_state::expired);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_NE(runner_.attempts.front().what.content->find("outcome is not"), std::string::npos);
}

TEST_F(dispatcher_test, duplicate_is_better_goes_on_at_once) {
  rules_.routes[0].on_unknown = policy::on_unknown::duplicate_is_better;
  start();
  submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::unknown, 0, "", "connection lost")});
  EXPECT_EQ(in_flight_at(), "mailjet");
}

TEST_F(dispatcher_test, everything_out_waits_without_attempts_and_leaves_when_one_is_back) {
  start();
  runner_.dead = {"onprem", "mailjet"};
  // Both are found dead by the first messages.
  std::vector<queue_id> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(submit({"a" + std::to_string(i) + "@example.org"}));
    while (!runner_.attempts.empty()) answer({connect_refused()});
  }
  pass(40s);
  while (!runner_.attempts.empty()) answer({connect_refused()});
  const queue_id late = submit({"late@example.org"});
  EXPECT_TRUE(runner_.attempts.empty());
  EXPECT_EQ(row(late).state, recipient_state::deferred);
  EXPECT_EQ(row(late).reason, "no_destination_available");
  pass(5min);
  EXPECT_TRUE(runner_.attempts.empty()) << "no attempts while everything is out";
  runner_.dead = {"mailjet"};
  for (int i = 0; i < 200 && row(late).state != recipient_state::delivered; ++i) {
    pass(5s);
    while (!runner_.attempts.empty()) {
      EXPECT_EQ(in_flight_at(), "onprem");
      answer({outcome_of(attempt_outcome::delivered)});
    }
  }
  EXPECT_EQ(row(late).state, recipient_state::delivered);
}

TEST_F(dispatcher_test, refused_policy_is_confirmed_once_then_bounces) {
  start();
  const queue_id id = submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::refused_policy, 554, "5.7.1", "relay access denied")});
  EXPECT_EQ(row(id).state, recipient_state::deferred);
  pass(1min);
  submit({"b@example.org"});
  answer({outcome_of(attempt_outcome::delivered)});
  pass(4min + 1s);
  ASSERT_EQ(in_flight_at(), "onprem");
  answer({outcome_of(attempt_outcome::refused_policy, 554, "5.7.1", "relay access denied")});
  EXPECT_EQ(row(id).state, recipient_state::bounced);
}

TEST_F(dispatcher_test, refused_policy_is_confirmed_twice_where_nothing_else_passed) {
  start();
  const queue_id id = submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::refused_policy, 554, "5.7.1", "relay access denied")});
  pass(5min + 1s);
  answer({outcome_of(attempt_outcome::refused_policy, 554, "5.7.1", "relay access denied")});
  EXPECT_EQ(row(id).state, recipient_state::deferred) << "it may be us who are refused";
  pass(10min + 1s);
  ASSERT_EQ(in_flight_at(), "onprem");
  answer({outcome_of(attempt_outcome::refused_policy, 554, "5.7.1", "relay access denied")});
  EXPECT_EQ(row(id).state, recipient_state::bounced);
}

TEST_F(dispatcher_test, relay_denied_by_the_own_mta_bounces_nobody) {
  start();
  std::vector<queue_id> ids;
  for (int i = 0; i < 30; ++i) {
    ids.push_back(submit({"user@d" + std::to_string(i) + ".example"}));
    while (!runner_.attempts.empty()) {
      if (in_flight_at() == "onprem") {
        answer({outcome_of(attempt_outcome::refused_policy, 554, "5.7.1", "relay access denied")});
      } else {
        answer({outcome_of(attempt_outcome::delivered)});
      }
    }
  }
  for (int minutes = 0; minutes < 10; ++minutes) {
    pass(1min);
    while (!runner_.attempts.empty()) {
      answer({in_flight_at() == "onprem"
                  ? outcome_of(attempt_outcome::refused_policy, 554, "5.7.1", "relay access denied")
                  : outcome_of(attempt_outcome::delivered)});
    }
  }
  for (const queue_id& id : ids) EXPECT_NE(row(id).state, recipient_state::bounced);
}

TEST_F(dispatcher_test, refused_account_moves_on_and_keeps_the_messages) {
  start();
  const queue_id id = submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::refused_account, 535, "5.7.8", "authentication failed")});
  EXPECT_EQ(in_flight_at(), "mailjet");
  answer({outcome_of(attempt_outcome::refused_account, 401, "", "bad key")});
  EXPECT_EQ(row(id).state, recipient_state::deferred);
  EXPECT_EQ(row(id).reason, "no_destination_available");
}

TEST_F(dispatcher_test, refused_sender_everywhere_holds) {
  start();
  const queue_id id = submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::refused_sender, 550, "5.7.1", "sender not verified")});
  ASSERT_EQ(in_flight_at(), "mailjet");
  answer({outcome_of(attempt_outcome::refused_sender, 550, "5.7.1", "sender not verified")});
  EXPECT_EQ(row(id).state, recipient_state::held);
  EXPECT_TRUE(runner_.attempts.empty());
}

TEST_F(dispatcher_test, failover_budget_defers_what_exceeds_it) {
  rules_.failover_budget.ratio = 0;
  rules_.failover_budget.minimum_per_second = 0;
  start();
  const queue_id id = submit({"a@example.org"});
  answer({connect_refused()});
  EXPECT_TRUE(runner_.attempts.empty());
  EXPECT_EQ(row(id).state, recipient_state::deferred);
  EXPECT_EQ(row(id).reason, "failover_budget");
}

TEST_F(dispatcher_test, throttled_waits_for_the_pause_the_peer_asked_for) {
  start();
  const queue_id id = submit({"a@example.org"});
  auto outcome = outcome_of(attempt_outcome::throttled, 429, "", "too many requests");
  outcome.retry_after = 20s;
  answer({outcome});
  EXPECT_EQ(row(id).state, recipient_state::deferred);
  pass(15s);
  EXPECT_TRUE(runner_.attempts.empty());
  pass(10s);
  EXPECT_EQ(in_flight_at(), "onprem");
}

TEST_F(dispatcher_test, restart_finds_the_intent_and_repeats_at_the_same_destination) {
  start();
  const queue_id id = submit({"a@example.org"});
  ASSERT_EQ(runner_.attempts.size(), 1U);
  shut_down();
  start();
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(in_flight_at(), "onprem");
  EXPECT_EQ(row(id).attempts.size(), 1U);
  EXPECT_EQ(row(id).attempts.front().outcome, attempt_outcome::unknown);
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
}

// A drain that ended before would cut off what has not begun yet.
TEST_F(dispatcher_test, a_drain_waits_for_attempts_whose_intent_is_on_its_way) {
  start();
  EXPECT_FALSE(dispatcher_->at_rest()) << "nobody asked for a stop";
  submit({"warm-up@example.org"});
  answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "try later")});
  clock_.advance(60s);
  dispatcher_->run();
  ASSERT_TRUE(runner_.attempts.empty()) << "the intent is not durable yet";
  dispatcher_->post([this] { dispatcher_->stop_starting(); });
  dispatcher_->run();
  EXPECT_FALSE(dispatcher_->at_rest());
  while (store_->run_once()) {
  }
  dispatcher_->run();
  ASSERT_EQ(in_flight_at(), "onprem");
  EXPECT_FALSE(dispatcher_->at_rest());
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_TRUE(dispatcher_->at_rest());
}

TEST_F(dispatcher_test, three_lost_intents_in_a_row_make_poison) {
  start();
  const queue_id id = submit({"a@example.org"});
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(runner_.attempts.size(), 1U);
    shut_down();
    start();
  }
  EXPECT_EQ(row(id).state, recipient_state::dead_lettered);
  EXPECT_EQ(story(), (std::vector<std::string>{"accepted ", "attempt unknown", "attempt unknown", "disposition unknown",
                                               "accepted "}))
      << "the client is told of attempts that a crash cut off, and of the end";
}

TEST_F(dispatcher_test, a_crash_makes_poison_of_one_message_and_not_of_those_beside_it) {
  start();
  std::vector<queue_id> ids;
  const auto untold = [](spool::accept_request& request) { request.message.dsn_allowed = false; };
  for (int i = 0; i < 4; ++i) ids.push_back(submit({"a@example.org"}, untold));
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(runner_.attempts.size(), 4U);
    shut_down();
    start();
  }
  ASSERT_EQ(runner_.attempts.size(), 1U) << "on trial, alone";
  const queue_id accused = runner_.attempts.front().what.message;
  shut_down();
  start();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(runner_.attempts.size(), 1U) << "one after another";
    answer({outcome_of(attempt_outcome::delivered)});
  }
  for (const queue_id& id : ids) {
    EXPECT_EQ(row(id).state, id == accused ? recipient_state::dead_lettered : recipient_state::delivered);
  }
}

TEST_F(dispatcher_test, who_is_tried_alone_holds_up_nobody_else) {
  start();
  for (int i = 0; i < 2; ++i) submit({"a@example.org"});
  for (int i = 0; i < 2; ++i) {
    shut_down();
    start();
  }
  ASSERT_EQ(runner_.attempts.size(), 1U);
  const queue_id other = submit({"b@example.org"});
  ASSERT_EQ(runner_.attempts.size(), 2U);
  EXPECT_EQ(runner_.attempts.back().what.message, other);
}

TEST_F(dispatcher_test, deferred_mail_survives_a_restart_and_leaves_when_due) {
  start();
  const queue_id id = submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "try later")});
  shut_down();
  start();
  EXPECT_TRUE(runner_.attempts.empty());
  pass(60s);
  ASSERT_EQ(in_flight_at(), "onprem");
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(row(id).state, recipient_state::delivered);
}

TEST_F(dispatcher_test, scheduled_mail_waits_for_its_time) {
  start();
  const auto when = clock_.now() + 10min;
  const queue_id id = submit({"a@example.org"}, [&](auto& request) { request.message.send_at = when; });
  EXPECT_EQ(row(id).state, recipient_state::scheduled);
  pass(9min);
  EXPECT_TRUE(runner_.attempts.empty());
  pass(2min);
  EXPECT_EQ(runner_.attempts.size(), 1U);
}

TEST_F(dispatcher_test, lifetime_ends_with_one_notice_and_nothing_after) {
  start();
  const queue_id id = submit({"a@example.org"}, [&](auto& request) { request.message.expires = clock_.now() + 1h; });
  for (int i = 0; i < 30; ++i) {
    while (!runner_.attempts.empty() && runner_.attempts.front().what.reverse_path != "") {
      answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "try later")});
    }
    pass(5min);
  }
  EXPECT_EQ(row(id).state, recipient_state::expired);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(runner_.attempts.front().what.recipients.front().address, "sender@shop.example");
}

TEST_F(dispatcher_test, cancel_wins_over_waiting_and_loses_to_an_attempt) {
  start();
  const queue_id waiting =
      submit({"a@example.org"}, [&](auto& request) { request.message.send_at = clock_.now() + 1h; });
  const queue_id attempting = submit({"b@example.org"});
  std::vector<recipient_state> answers;
  for (const queue_id& id : {waiting, attempting}) {
    answers.push_back(operate({operation::cancel, authority::client, id, {}, "asked for", ""}).front().row.state);
  }
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0], recipient_state::cancelled);
  EXPECT_EQ(answers[1], recipient_state::attempting);
  pass(2h);
  EXPECT_EQ(runner_.attempts.size(), 1U) << "the cancelled one never left";
}

TEST_F(dispatcher_test, after_its_deadline_a_code_is_dropped) {
  rules_.routes[0].deadline = 60s;
  rules_.routes[0].on_deadline = policy::on_deadline::drop;
  start();
  const queue_id id = submit({"a@example.org"});
  answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "later")});
  for (int i = 0; i < 10 && row(id).state != recipient_state::discarded; ++i) {
    pass(20s);
    while (!runner_.attempts.empty()) answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "later")});
  }
  EXPECT_EQ(row(id).state, recipient_state::discarded);
  EXPECT_EQ(row(id).reason, "deadline");
}

TEST_F(dispatcher_test, recipient_refused_at_the_door_is_told_by_a_notice) {
  start();
  const queue_id id = submit({"a@example.org", "b@example.org"}, [](auto& request) {
    request.recipients[1].state = recipient_state::refused;
    request.recipients[1].reason = "rule no-b";
  });
  EXPECT_EQ(row(id, 1).state, recipient_state::refused);
  ASSERT_EQ(runner_.attempts.size(), 2U);
  EXPECT_EQ(runner_.attempts[0].what.recipients.size(), 1U);
  EXPECT_EQ(runner_.attempts[1].what.recipients.front().address, "sender@shop.example");
  EXPECT_NE(runner_.attempts[1].what.content->find("b@example.org"), std::string::npos);
}

TEST_F(dispatcher_test, ledger_tells_the_whole_story_in_order) {
  start();
  submit({"a@example.org"});
  answer({connect_refused()});
  answer({outcome_of(attempt_outcome::delivered)});
  EXPECT_EQ(story(), (std::vector<std::string>{"accepted ", "attempt deferred_destination", "disposition delivered"}));
}

TEST_F(dispatcher_test, connections_bound_attempts_and_the_rest_follows_in_order) {
  traits_[0].connections = 2;
  start();
  std::vector<queue_id> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(submit({"u" + std::to_string(i) + "@example.org"}));
  EXPECT_EQ(runner_.attempts.size(), 2U);
  for (int i = 0; i < 6; ++i) {
    ASSERT_FALSE(runner_.attempts.empty());
    EXPECT_EQ(runner_.attempts.front().what.recipients.front().address, "u" + std::to_string(i) + "@example.org");
    answer({outcome_of(attempt_outcome::delivered)});
  }
  for (const queue_id& id : ids) EXPECT_EQ(row(id).state, recipient_state::delivered);
}

TEST_F(dispatcher_test, marketing_never_takes_the_last_connection) {
  traits_[0].connections = 4;
  start();
  for (int i = 0; i < 10; ++i) {
    submit({"n@example.org"}, [](auto& request) { request.message.stream = mail::traffic_stream::marketing; });
  }
  EXPECT_EQ(runner_.attempts.size(), 3U);
  submit({"otp@example.org"});
  ASSERT_EQ(runner_.attempts.size(), 4U);
  EXPECT_EQ(runner_.attempts.back().what.recipients.front().address, "otp@example.org");
}

}  // namespace
}  // namespace stellwerk::delivery
