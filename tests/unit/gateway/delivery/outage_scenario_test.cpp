// Destinations that die, slow down, flap and come back: the figures of docs/failover.md, on virtual time.
#include "world_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using mail::attempt_outcome;
using mail::recipient_state;
using std::chrono::minutes;

class outage : public world_fixture {
 protected:
  // A normal minute first: the usual latency is known, the windows are full.
  void warm_up(double per_second) {
    start();
    offer(per_second);
    run_for(minutes{1});
  }
  [[nodiscard]] double attempts_per_message() const {
    return static_cast<double>(runner_.seen.size()) / static_cast<double>(submitted_);
  }
  // Stops the traffic and gives what is queued the time to leave.
  void wind_down(duration time = minutes{15}) {
    offer(0);
    run_for(time);
  }
};

TEST_F(outage, a_dead_destination_is_out_within_five_seconds_and_costs_at_most_two_at_p99) {
  const std::vector<std::pair<const char*, std::function<behaviour(const adapters::attempt&)>>> ways_to_die{
      {"refuses", [](const auto&) { return refuses_connections(milliseconds{2}); }},
      {"takes no connection", [](const auto&) { return refuses_connections(seconds{2}); }},
      {"says nothing", [](const auto& what) { return does_not_greet(what); }}};
  for (const auto& [name, script] : ways_to_die) {
    SCOPED_TRACE(name);
    warm_up(20);
    const duration usual = percentile(hand_offs(steady_point::min(), clock_.steady()), 0.99);
    const steady_point died = clock_.steady();
    runner_.scripts["onprem"] = script;
    runner_.handshakes["onprem"] = [] { return false; };
    const auto out = time_until([&] { return state_of("onprem") == "open"; }, seconds{10});
    ASSERT_TRUE(out);
    EXPECT_LE(*out, seconds{5});
    const steady_point marked = clock_.steady();
    run_for(minutes{3});
    EXPECT_EQ(attempts_at("onprem", marked), 0U) << "nothing real is spent on a peer that refuses handshakes";
    const auto waited = hand_offs(died, died + minutes{1});
    EXPECT_GE(waited.size(), 1190U);
    EXPECT_LE(percentile(waited, 0.99) - usual, seconds{2});
    EXPECT_LE(attempts_per_message(), 1.1);
    wind_down();
    EXPECT_EQ(store_.open_recipients(), 0U);
    EXPECT_EQ(store_.in_state(recipient_state::delivered), submitted_);
    runner_.scripts.clear();
    runner_.handshakes.clear();
    run_for(minutes{30});
    EXPECT_EQ(state_of("onprem"), "half_open") << "with no mail there is nothing to prove itself with";
    offer(20);
    run_for(minutes{3});
    EXPECT_EQ(state_of("onprem"), "closed");
    offer(0);
    run_for(minutes{30});
  }
}

// Who was talking to it at that moment is sent elsewhere as well: nothing of theirs was committed.
TEST_F(outage, a_peer_that_freezes_holds_nobody_that_it_cannot_have_taken) {
  warm_up(20);
  const steady_point froze = clock_.steady();
  int talking = 5;
  runner_.scripts["onprem"] = [&talking](const auto& what) {
    return talking-- > 0 ? freezes_at_rcpt() : does_not_greet(what);
  };
  runner_.handshakes["onprem"] = [] { return false; };
  const auto out = time_until([&] { return state_of("onprem") == "open"; }, seconds{10});
  ASSERT_TRUE(out);
  EXPECT_LE(*out, seconds{5});
  const steady_point marked = clock_.steady();
  run_for(minutes{6});  // beyond the time-out of a command
  EXPECT_EQ(attempts_at("onprem", marked), 0U);
  const auto waited = hand_offs(froze, froze + minutes{1});
  EXPECT_GE(waited.size(), 1190U);
  EXPECT_LE(percentile(waited, 0.99), seconds{2});
  EXPECT_LE(percentile(waited, 1.0), seconds{4}) << "one that talked to it waited for its own time-outs";
}

// What hangs behind the end of data keeps its connections: there is none left for the trial that a half-open
// destination would take, and nobody waits for it.
TEST_F(outage, a_half_open_destination_whose_connections_all_hang_holds_nobody) {
  warm_up(20);
  runner_.scripts["onprem"] = [](const auto&) { return delivers(minutes{10}); };
  ASSERT_TRUE(time_until([&] { return state_of("onprem") == "open"; }, seconds{30}));
  const steady_point marked = clock_.steady();
  ASSERT_TRUE(time_until([&] { return state_of("onprem") == "half_open"; }, minutes{3}));
  run_for(minutes{2});
  const auto waited = hand_offs(marked, marked + minutes{2});
  EXPECT_GE(waited.size(), 2300U);
  EXPECT_LE(percentile(waited, 0.99), seconds{2});
}

// It greets, only late: seen to do so by a handshake, it is given that time and not ejected for it again.
TEST_F(outage, a_peer_that_greets_late_is_not_taken_for_dead_twice) {
  runner_.greeting = seconds{3};
  runner_.scripts["onprem"] = [](const adapters::attempt& what) {
    const bool waits = what.first_word_max == duration{0} || what.first_word_max >= seconds{3};
    return waits ? delivers(seconds{3}) : does_not_greet(what);
  };
  start();
  offer(2);
  ASSERT_TRUE(time_until([&] { return state_of("onprem") == "open"; }, seconds{10}));
  ASSERT_TRUE(time_until([&] { return state_of("onprem") == "closed"; }, minutes{3}));
  int times_open = 0;
  on_turn = [&] { times_open += state_of("onprem") == "open" ? 1 : 0; };
  run_for(minutes{30});
  EXPECT_EQ(times_open, 0);
}

// It greets within its time-out, only not always at once: our haste is not its death.
TEST_F(outage, a_peer_that_greets_late_now_and_then_is_not_taken_for_dead_again_and_again) {
  seeded_random chance{7};
  runner_.scripts["onprem"] = [&chance](const adapters::attempt& what) {
    const duration greeting = chance.below(10) == 0 ? seconds{2} : milliseconds{10};
    const bool waits = what.first_word_max == duration{0} || what.first_word_max >= greeting;
    return waits ? delivers(greeting) : does_not_greet(what);
  };
  start();
  offer(20);
  int times_out = 0;
  std::string state = "closed";
  on_turn = [&] {
    const std::string now = state_of("onprem");
    times_out += now == "open" && state != "open" ? 1 : 0;
    state = now;
  };
  run_for(minutes{30});
  EXPECT_LE(times_out, 2);
}

// One message in half an hour: what was learned of the peer is not forgotten in between.
TEST_F(outage, a_peer_that_greets_late_keeps_its_rare_mail) {
  runner_.greeting = seconds{3};
  runner_.scripts["onprem"] = [](const adapters::attempt& what) {
    const bool waits = what.first_word_max == duration{0} || what.first_word_max >= seconds{3};
    return waits ? delivers(seconds{3}) : does_not_greet(what);
  };
  start();
  for (int i = 0; i < 20; ++i) {
    submit();
    run_for(minutes{30});
  }
  EXPECT_LE(attempts_at("esp"), 4U) << "of twenty messages";
}

// The machine lost its power: nobody tells those who waited behind the end of data, and they wait for their time-out.
TEST_F(outage, what_hangs_since_before_the_ejection_does_not_keep_a_healed_destination_out) {
  warm_up(20);
  int committed = 3;
  runner_.scripts["onprem"] = [&committed](const auto& what) {
    return committed-- > 0 ? answers(attempt_outcome::unknown, 0, "", minutes{10}) : does_not_greet(what);
  };
  runner_.handshakes["onprem"] = [] { return false; };
  ASSERT_TRUE(time_until([&] { return state_of("onprem") == "open"; }, seconds{10}));
  run_for(minutes{1});
  runner_.scripts.clear();
  runner_.handshakes.clear();
  const auto back = time_until([&] { return state_of("onprem") == "closed"; }, minutes{15});
  ASSERT_TRUE(back);
  EXPECT_LE(*back, minutes{2});
}

// Panic is for mail that is due.
TEST_F(outage, mail_for_a_later_time_does_not_leave_early_in_a_panic) {
  warm_up(20);
  const queue_id later = submit([&](spool::accept_request& request) {
    request.message.send_at = clock_.now() + std::chrono::hours{48};
    request.message.expires = *request.message.send_at + std::chrono::hours{24};
  });
  offer(0);
  run_for(std::chrono::hours{25});  // longer than the lifetime of what is due
  int count = 0;
  const auto half = [&count](const auto&) {
    return ++count % 5 < 3 ? answers(attempt_outcome::deferred_destination, 451, "4.3.0") : delivers();
  };
  for (const char* name : {"onprem", "esp"}) runner_.scripts[name] = half;
  offer(20);
  run_for(minutes{10});
  for (const seen_attempt& one : runner_.seen) EXPECT_NE(one.message, later);
}

TEST_F(outage, ten_minutes_without_the_mta_and_all_mail_has_left_by_the_esp) {
  warm_up(20);
  const steady_point died = clock_.steady();
  runner_.scripts["onprem"] = [](const auto&) { return refuses_connections(milliseconds{2}); };
  runner_.handshakes["onprem"] = [] { return false; };
  run_for(minutes{10});
  const auto waited = hand_offs(died, clock_.steady() - seconds{5});
  EXPECT_GE(waited.size(), 11'890U);
  EXPECT_LE(percentile(waited, 1.0), seconds{5}) << "the failover budget held somebody back";
  wind_down(seconds{5});  // the MTA is still dead
  EXPECT_EQ(store_.open_recipients(), 0U);
  EXPECT_EQ(store_.in_state(recipient_state::delivered), submitted_);
}

TEST_F(outage, a_brown_out_is_out_within_thirty_seconds) {
  for (const double rate : {2.0, 20.0}) {
    SCOPED_TRACE(rate);
    warm_up(rate);
    const steady_point slow_since = clock_.steady();
    int count = 0;
    runner_.scripts["onprem"] = [&count](const auto&) {
      const bool fails = ++count % 10 < 3;
      return fails ? answers(attempt_outcome::deferred_destination, 503, "4.3.0", seconds{30}) : delivers(seconds{30});
    };
    const auto out = time_until([&] { return state_of("onprem") == "open"; }, minutes{2});
    ASSERT_TRUE(out);
    EXPECT_LE(*out, seconds{30});
    const steady_point marked = clock_.steady();
    run_for(minutes{5});
    // Trials are real messages, one at a time, one per probe interval; each takes its thirty seconds here.
    EXPECT_LE(attempts_at("onprem", marked), 5 * 60 / 5U);
    EXPECT_LE(percentile(hand_offs(marked, marked + minutes{4}), 0.95), seconds{1}) << "traffic flows by the other way";
    EXPECT_LE(attempts_per_message(), 1.1);
    EXPECT_GT(hand_offs(slow_since, clock_.steady()).size(), 0U);
    runner_.scripts.clear();
    run_for(minutes{20});
    EXPECT_EQ(state_of("onprem"), "closed");
    wind_down();
    EXPECT_EQ(store_.in_state(recipient_state::delivered), submitted_);
    run_for(minutes{15});
  }
}

TEST_F(outage, a_share_of_failures_opens_the_breaker_and_the_budget_bounds_the_repetition) {
  rules_.failover_budget = {0.2, 1};
  warm_up(20);
  int count = 0;
  runner_.scripts["onprem"] = [&count](const auto&) {
    return ++count % 5 < 3 ? answers(attempt_outcome::deferred_destination, 451, "4.3.0") : delivers();
  };
  const auto out = time_until([&] { return state_of("onprem") == "open"; }, minutes{1});
  ASSERT_TRUE(out);
  EXPECT_LE(*out, seconds{30});
  run_for(minutes{10});
  EXPECT_LE(attempts_per_message(), 1.1);
}

// At most one switch each way: out once, and back only when it stays good.
TEST_F(outage, a_flapping_destination_switches_at_most_twice_in_five_minutes) {
  warm_up(20);
  const steady_point from = clock_.steady();
  const auto bad = [&] { return (clock_.steady() - from) / seconds{10} % 2 == 1; };
  runner_.scripts["onprem"] = [&](const auto&) { return bad() ? refuses_connections() : delivers(); };
  runner_.handshakes["onprem"] = [&] { return !bad(); };
  std::vector<steady_point> switches;
  std::string carrier = "onprem";
  // Who carries the traffic is who got most of the last second's messages.
  for (int second = 0; second < 12 * 60; ++second) {
    const steady_point since = clock_.steady();
    run_for(seconds{1});
    const std::string now = attempts_at("onprem", since) > attempts_at("esp", since) ? "onprem" : "esp";
    if (now != carrier) switches.push_back(clock_.steady());
    carrier = now;
  }
  EXPECT_GE(switches.size(), 1U);
  for (std::size_t i = 2; i < switches.size(); ++i) EXPECT_GT(switches[i] - switches[i - 2], minutes{5});
  EXPECT_LE(attempts_per_message(), 1.1);
}

TEST_F(outage, the_way_back_is_a_handshake_then_one_message_then_a_slow_start) {
  traits_[0].connections = 30;  // 50 messages a second of 400 ms each want twenty
  bool dead = false;
  runner_.scripts["onprem"] = [&](const auto&) { return dead ? refuses_connections() : delivers(milliseconds{400}); };
  runner_.handshakes["onprem"] = [&] { return !dead; };
  warm_up(50);
  const duration usual = percentile(hand_offs(steady_point::min(), clock_.steady()), 0.99);
  dead = true;
  ASSERT_TRUE(time_until([&] { return state_of("onprem") == "open"; }, seconds{5}));
  const steady_point marked = clock_.steady();
  run_for(minutes{2});
  EXPECT_EQ(attempts_at("onprem", marked), 0U);
  EXPECT_GE(runner_.probes["onprem"], 20) << "one handshake per probe interval";
  EXPECT_LE(runner_.probes["onprem"], 25);
  dead = false;
  const steady_point revived = clock_.steady();
  const auto half_open = time_until([&] { return state_of("onprem") == "half_open"; }, minutes{2});
  ASSERT_TRUE(half_open);
  EXPECT_GE(*half_open, seconds{15}) << "half of the ejection time of good handshakes";
  run_for(minutes{2});
  EXPECT_EQ(state_of("onprem"), "closed");
  const steady_point first = std::find_if(runner_.seen.begin(), runner_.seen.end(), [&](const seen_attempt& one) {
                               return one.destination == "onprem" && one.started >= revived;
                             })->started;
  EXPECT_EQ(attempts_at("onprem", first, first + milliseconds{400}), 1U) << "one message goes ahead alone";
  // Then a tenth of its connections, growing over a minute; the rest goes by the other way and waits for nobody.
  const std::size_t soon = attempts_at("onprem", first + seconds{1}, first + seconds{6});
  const std::size_t later = attempts_at("onprem", first + seconds{61}, first + seconds{66});
  EXPECT_GE(soon, 30U);
  EXPECT_LE(soon, 80U) << "three to five connections of 400 ms";
  EXPECT_GE(later, 245U);
  EXPECT_LE(percentile(hand_offs(revived, revived + minutes{2}), 0.99) - usual, milliseconds{100})
      << "the return delays nobody";
}

TEST_F(outage, with_everything_dead_mail_waits_without_attempts_and_leaves_with_the_first_one_back) {
  warm_up(20);
  const std::size_t before = runner_.seen.size();
  for (const char* name : {"onprem", "esp"}) {
    runner_.scripts[name] = [](const auto&) { return refuses_connections(); };
    runner_.handshakes[name] = [] { return false; };
  }
  run_for(minutes{5});
  EXPECT_LE(runner_.seen.size() - before, 20U) << "of 6,000 messages";
  EXPECT_EQ(store_.in_state(recipient_state::bounced), 0U);
  runner_.scripts.erase("esp");
  runner_.handshakes.erase("esp");
  offer(0);
  run_for(minutes{20});
  EXPECT_EQ(store_.in_state(recipient_state::delivered), submitted_);
  EXPECT_LE(attempts_per_message(), 1.1);
}

TEST_F(outage, panic_is_for_slow_and_failing_destinations_only_and_takes_a_tenth) {
  warm_up(20);
  int count = 0;
  const auto half = [&count](const auto&) {
    return ++count % 5 < 3 ? answers(attempt_outcome::deferred_destination, 451, "4.3.0") : delivers();
  };
  runner_.scripts["onprem"] = half;
  runner_.scripts["esp"] = half;
  ASSERT_TRUE(time_until([&] { return state_of("onprem") == "open" && state_of("esp") == "open"; }, minutes{2}));
  const steady_point both = clock_.steady();
  std::size_t most = 0;
  on_turn = [&] { most = std::max(most, dispatcher_->attempts_in_flight()); };
  run_for(seconds{20});
  EXPECT_GT(attempts_at("onprem", both) + attempts_at("esp", both), 50U) << "a doubtful peer is better than none";
  EXPECT_LE(most, 2U + 1U) << "a tenth of twenty connections, and a trial of the other";
  // The same with peers that nobody can connect to: not one attempt.
  for (const char* name : {"onprem", "esp"}) {
    runner_.scripts[name] = [](const auto&) { return refuses_connections(); };
    runner_.handshakes[name] = [] { return false; };
  }
  run_for(minutes{2});
  const steady_point dead = clock_.steady();
  run_for(minutes{5});
  EXPECT_EQ(attempts_at("onprem", dead) + attempts_at("esp", dead), 0U);
}

TEST_F(outage, the_redundancy_spends_no_budget_and_an_empty_budget_defers) {
  rules_.failover_budget = {0, 0};
  rules_.health.connect_failures = 1000;  // only the budget decides here
  rules_.health.consecutive_failures = 1000;
  rules_.health.minimum_attempts = 100000;
  start();
  offer(10);
  runner_.scripts["onprem"] = [](const auto&) { return refuses_connections(); };
  run_for(seconds{10});
  EXPECT_EQ(attempts_at("esp"), 0U) << "a re-attempt at once needs budget";
  EXPECT_GE(store_.in_state(recipient_state::deferred), 95U);
  ASSERT_TRUE(dispatcher_->destinations().drain("onprem", "maintenance"));
  const std::size_t spent = attempts_at("onprem");
  const steady_point drained = clock_.steady();
  run_for(seconds{10});
  EXPECT_EQ(attempts_at("onprem"), spent);
  EXPECT_GE(attempts_at("esp", drained), 95U) << "a first attempt at the standby is the redundancy and spends nothing";
}

// What queued up in an outage of the only way leaves with every connection that comes free, not with the clock.
TEST_F(outage, a_queue_uses_every_connection_of_slow_start) {
  traits_ = {destination("onprem", "on_prem")};
  rules_.routes = {failover_route("everything", {"onprem"})};
  config_.lane_window = 50;  // less than leaves between two looks of the housekeeping
  for (const mail::traffic_stream stream : mail::all_traffic_streams) {
    SCOPED_TRACE(to_string(stream));
    forget_all();
    runner_.scripts["onprem"] = [](const auto&) { return refuses_connections(); };
    runner_.handshakes["onprem"] = [] { return false; };
    start();
    for (int i = 0; i < 8'000; ++i) {
      submit([&](spool::accept_request& one) { one.message.stream = stream; });
      if (i % 500 == 0) turn();
    }
    run_for(seconds{30});
    runner_.scripts["onprem"] = [](const auto&) { return delivers(milliseconds{2}); };
    runner_.handshakes.clear();
    ASSERT_TRUE(time_until([&] { return attempts_at("onprem", clock_.steady() - seconds{5}) > 500; }, minutes{3}));
    // From two of twenty connections to five, one of them never lent to newsletters; 500 messages a second each.
    const steady_point from = clock_.steady();
    run_for(seconds{10});
    EXPECT_GE(attempts_at("onprem", from), 6'000U);
    EXPECT_EQ(state_of("onprem"), "half_open");
  }
}

// Counts the warnings of one event.
class warnings final : public logger {
 public:
  explicit warnings(std::string event) : event_{std::move(event)} {}
  [[nodiscard]] bool enabled(log_level level) const noexcept override { return level == log_level::warning; }
  void write(log_level, std::string_view event, std::span<const log_field>) override { count += event == event_; }

  int count = 0;

 private:
  std::string event_;
};

// It waits for its destination to come back into the configuration. Nobody asks about it again and again meanwhile.
TEST_F(outage, who_is_tied_to_a_destination_that_is_gone_is_looked_at_now_and_then) {
  int attempts = 0;
  runner_.scripts["onprem"] = [&attempts](const auto&) {
    return answers(attempts++ == 0 ? attempt_outcome::unknown : attempt_outcome::deferred_recipient, 450, "4.2.0");
  };
  queue_id tied;
  std::size_t looks = 0;
  on_decided = [&](const decision_made& what) { looks += what.message.row().id == tied ? 1 : 0; };
  start();
  tied = submit();
  run_for(minutes{30});
  ASSERT_GE(attempts, 2);
  ASSERT_EQ(store_.in_state(recipient_state::deferred), 1U);
  traits_ = {destination("esp", "eu")};
  rules_.routes = {failover_route("everything", {"esp"})};
  warnings gone{"destination_gone"};
  log_ = &gone;
  crash();
  EXPECT_EQ(gone.count, 1);
  run_for(std::chrono::hours{2});  // it is due by now
  looks = 0;
  offer(20);
  run_for(minutes{1});
  EXPECT_GE(looks, 1U);
  EXPECT_LE(looks, 4 * 60 + 10U) << "more than once in each look of the housekeeping";
  offer(0);
  run_for(seconds{1});
  EXPECT_EQ(store_.open_recipients(), 1U);
}

TEST_F(outage, newsletters_alone_do_not_wait_in_slow_start) {
  start();
  const auto letters = [&](duration time) {
    for (duration gone{0}; gone < time; gone += milliseconds{50}) {
      submit([](spool::accept_request& request) { request.message.stream = mail::traffic_stream::marketing; });
      run_for(milliseconds{50});
    }
  };
  letters(minutes{1});
  runner_.scripts["onprem"] = [](const auto&) { return refuses_connections(); };
  runner_.handshakes["onprem"] = [] { return false; };
  letters(minutes{1});
  runner_.scripts["onprem"] = [](const auto&) { return delivers(milliseconds{400}); };
  runner_.handshakes.clear();
  const steady_point from = clock_.steady();
  letters(minutes{3});
  run_for(minutes{1});
  EXPECT_LE(percentile(hand_offs(from, from + minutes{3}), 0.99), seconds{1});
}

}  // namespace
}  // namespace stellwerk::delivery
