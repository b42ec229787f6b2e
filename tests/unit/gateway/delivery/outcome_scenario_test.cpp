// Outcomes that say nothing, or something else, about the destination: poison, refusals, throttles, senders, accounts.
#include "world_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using mail::attempt_outcome;
using mail::recipient_state;
using std::chrono::hours;
using std::chrono::minutes;

class outcomes : public world_fixture {
 protected:
  void everywhere(const world_runner::script& what) {
    runner_.scripts["onprem"] = what;
    runner_.scripts["esp"] = what;
  }
  void expect_both_closed() {
    EXPECT_EQ(state_of("onprem"), "closed");
    EXPECT_EQ(state_of("esp"), "closed");
  }
};

TEST_F(outcomes, a_hundred_thousand_poison_messages_change_no_destinations_state) {
  start();
  std::vector<std::string> states;
  on_turn = [&] {
    if (state_of("onprem") != "closed" || state_of("esp") != "closed")
      states.push_back(state_of("onprem") + "/" + state_of("esp"));
  };
  everywhere([](const auto&) { return answers(attempt_outcome::rejected_message, 554, "5.6.0", milliseconds{1}); });
  const auto poison = [](spool::accept_request& request) { request.message.dsn_allowed = false; };
  // The whole way for a few; the rest at the one place where states change.
  constexpr int whole_way = 5'000;
  for (int second = 0; second < 10; ++second) {
    for (int i = 0; i < whole_way / 10; ++i) submit(poison);
    run_for(seconds{1});
  }
  policy::candidate there;
  const std::vector<mail::recipient_outcome> rejected{outcome_with(attempt_outcome::rejected_message, 554, "5.6.0")};
  for (int i = whole_way; i < 100'000; ++i) {
    there.destination = static_cast<std::uint16_t>(i % 2);
    auto held = dispatcher_->destinations().reserve(there, {});
    ASSERT_TRUE(std::holds_alternative<reservation>(held)) << i;
    clock_.advance(milliseconds{1});
    dispatcher_->destinations().finish(std::get<reservation>(held), rejected, {"example.org"}, milliseconds{1});
    if (i % 1000 == 0 && (state_of("onprem") != "closed" || state_of("esp") != "closed"))
      states.push_back("at " + std::to_string(i));
  }
  everywhere([](const auto&) { return delivers(); });
  run_for(minutes{1});
  EXPECT_TRUE(states.empty()) << states.front();
  expect_both_closed();
  EXPECT_EQ(store_.in_state(recipient_state::bounced) + store_.in_state(recipient_state::held), whole_way);
  EXPECT_EQ(runner_.seen.size(), whole_way) << "what one rejects for its content is offered to no other";
}

TEST_F(outcomes, one_refused_account_takes_the_destination_out_within_a_second_and_no_mail_with_it) {
  start();
  offer(20);
  run_for(seconds{30});
  runner_.scripts["onprem"] = [](const auto&) { return answers(attempt_outcome::refused_account, 401); };
  const auto out = time_until([&] { return state_of("onprem") == "account_refused"; }, seconds{5});
  ASSERT_TRUE(out);
  EXPECT_LE(*out, seconds{1});
  const steady_point marked = clock_.steady();
  run_for(minutes{5});
  EXPECT_LE(attempts_at("onprem", marked), 5 * 60 / 5U) << "one message per probe interval";
  offer(0);
  run_for(minutes{2});
  EXPECT_EQ(store_.in_state(recipient_state::delivered), submitted_);
}

TEST_F(outcomes, an_unverified_sender_is_out_alone) {
  start();
  offer(10);
  const auto other_sender = [](spool::accept_request& request) {
    request.content = std::make_shared<const std::string>(
        "From: <new@unverified.example>\r\nTo: <a@example.org>\r\nSubject: Hello\r\n\r\nBody.\r\n");
    request.message.reverse_path = "new@unverified.example";
  };
  runner_.scripts["onprem"] = [](const adapters::attempt& what) {
    return what.reverse_path == "new@unverified.example" ? answers(attempt_outcome::refused_sender, 550, "5.7.1")
                                                         : delivers();
  };
  for (int i = 0; i < 50; ++i) {
    submit(other_sender);
    run_for(seconds{1});
  }
  expect_both_closed();
  const auto refused = std::count_if(runner_.seen.begin(), runner_.seen.end(), [](const seen_attempt& one) {
    return one.outcome == attempt_outcome::refused_sender;
  });
  EXPECT_EQ(refused, 1) << "the pair is out for ten minutes";
  EXPECT_GE(attempts_at("onprem"), 490U) << "other senders are not concerned";
  offer(0);
  run_for(seconds{5});
  EXPECT_EQ(store_.in_state(recipient_state::delivered), submitted_);
}

TEST_F(outcomes, a_storm_of_throttles_ejects_nobody) {
  start();
  offer(5);
  run_for(seconds{10});
  std::vector<std::string> states;
  on_turn = [&] {
    if (state_of("onprem") != "closed") states.push_back(state_of("onprem"));
  };
  const steady_point stormed = clock_.steady();
  runner_.scripts["onprem"] = [](const auto&) { return answers(attempt_outcome::throttled, 429); };
  run_for(minutes{5});
  EXPECT_TRUE(states.empty());
  EXPECT_LE(attempts_at("onprem", stormed), 20U * 9U) << "each pause holds all of its mail";
  EXPECT_EQ(attempts_at("esp", stormed), 0U) << "the next one is spared without spill_after";
  runner_.scripts.erase("onprem");
  offer(0);
  run_for(minutes{15});
  EXPECT_EQ(store_.in_state(recipient_state::delivered), submitted_);
  EXPECT_TRUE(states.empty());
}

TEST_F(outcomes, relay_denied_for_ten_minutes_bounces_nobody) {
  for (const double rate : {0.02, 0.1, 1.0, 20.0}) {
    SCOPED_TRACE(rate);
    if (dispatcher_) {
      run_for(hours{1});
    } else {
      start();
    }
    offer(rate);
    run_for(minutes{2});
    runner_.scripts["onprem"] = [](const auto&) { return answers(attempt_outcome::refused_policy, 550, "5.7.1"); };
    run_for(minutes{10});
    runner_.scripts.erase("onprem");
    run_for(minutes{2});
    offer(0);
    run_for(hours{1});
    EXPECT_EQ(store_.in_state(recipient_state::bounced), 0U);
    EXPECT_EQ(store_.in_state(recipient_state::delivered), submitted_);
  }
}

TEST_F(outcomes, a_message_that_is_refused_while_others_pass_bounces_after_one_confirmation) {
  start();
  offer(1);
  runner_.scripts["onprem"] = [](const adapters::attempt& what) {
    return what.recipients.front().address == "blocked@example.org"
               ? answers(attempt_outcome::refused_policy, 554, "5.7.1")
               : delivers();
  };
  const queue_id id =
      submit([](spool::accept_request& request) { request.recipients.front().address = "blocked@example.org"; });
  run_for(minutes{4});
  EXPECT_EQ(store_.load_recipients(id)->front().state, recipient_state::deferred);
  run_for(minutes{2});
  EXPECT_EQ(store_.load_recipients(id)->front().state, recipient_state::bounced);
  EXPECT_EQ(store_.load_recipients(id)->front().attempts.size(), 2U);
  expect_both_closed();
}

TEST_F(outcomes, a_provider_behind_a_destination_closes_only_its_own_pair) {
  start();
  domains_ = {"gmail.com", "example.org"};
  offer(10);
  runner_.scripts["onprem"] = [](const adapters::attempt& what) {
    return what.recipients.front().address.ends_with("@gmail.com")
               ? answers(attempt_outcome::deferred_mailbox_provider, 421, "4.7.28")
               : delivers();
  };
  run_for(minutes{3});
  expect_both_closed();
  const auto to_google = std::count_if(runner_.seen.begin(), runner_.seen.end(),
                                       [](const seen_attempt& one) { return one.recipient.ends_with("@gmail.com"); });
  EXPECT_LE(to_google, 10) << "of 900: the pair waits, and is tried one message at a time";
  EXPECT_GE(store_.in_state(recipient_state::delivered), 890U);
  runner_.scripts.clear();
  offer(0);
  run_for(hours{3});
  EXPECT_EQ(store_.in_state(recipient_state::delivered), submitted_);
}

TEST_F(outcomes, what_is_cancelled_while_it_waits_aside_stays_cancelled) {
  start();
  domains_ = {"gmail.com"};
  runner_.scripts["onprem"] = [](const auto&) {
    return answers(attempt_outcome::deferred_mailbox_provider, 421, "4.7.28");
  };
  submit();
  run_for(seconds{1});
  const queue_id id = submit();  // its pair is closed: set aside
  run_for(seconds{1});
  const std::size_t attempts = runner_.seen.size();
  dispatcher_->operate({operation::cancel, authority::client, id, {}, "a test", ""},
                       [](const auto& rows) { EXPECT_TRUE(rows); });
  run_for(seconds{1});
  EXPECT_EQ(store_.load_recipients(id)->front().state, recipient_state::cancelled);
  runner_.scripts.clear();
  run_for(hours{1});
  EXPECT_EQ(store_.load_recipients(id)->front().state, recipient_state::cancelled);
  EXPECT_EQ(runner_.seen.size(), attempts + 1) << "the other one was delivered";
}

TEST_F(outcomes, the_bounce_brake_holds_a_sudden_wave_of_refusals) {
  start();
  offer(2);
  run_for(minutes{30});
  runner_.scripts["onprem"] = [](const auto&) { return answers(attempt_outcome::rejected_recipient, 550, "5.1.1"); };
  run_for(minutes{10});
  EXPECT_LE(store_.in_state(recipient_state::bounced), 120U) << "until half of a minute's outcomes are refusals";
  EXPECT_GE(store_.in_state(recipient_state::held), 1000U);
  expect_both_closed();
  const std::size_t bounced = store_.in_state(recipient_state::bounced);
  runner_.scripts.clear();
  offer(0);
  std::size_t answered = 0;
  for (const queue_id& id : store_.open_messages()) {
    dispatcher_->operate({operation::release, authority::operators, id, {}, "looked at", ""},
                         [&](const auto& rows) { answered += rows ? 1 : 0; });
  }
  run_for(minutes{5});
  EXPECT_GE(answered, 1000U);
  EXPECT_EQ(store_.in_state(recipient_state::held), 0U);
  EXPECT_EQ(store_.in_state(recipient_state::bounced), bounced);
}

TEST_F(outcomes, a_message_lost_with_three_processes_in_a_row_is_dead_lettered_and_opens_nothing) {
  start();
  runner_.scripts["onprem"] = [](const auto&) { return delivers(minutes{10}); };
  const queue_id id = submit();
  run_for(seconds{1});
  for (int i = 0; i < 3; ++i) {
    crash();
    run_for(seconds{2});
  }
  EXPECT_EQ(store_.load_recipients(id)->front().state, recipient_state::dead_lettered);
  expect_both_closed();
}

}  // namespace
}  // namespace stellwerk::delivery
