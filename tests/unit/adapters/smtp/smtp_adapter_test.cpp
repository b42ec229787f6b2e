#include "adapters/smtp/smtp_adapter.hpp"

#include "mail/dot_stuffing.hpp"
#include "tests/unit/adapters/smtp/smtp_fixture.hpp"

namespace stellwerk::adapters::smtp::test {
namespace {

using mail::attempt_outcome;
using mail::attempt_stage;
using std::chrono::seconds;
using support::memory_stream;
using support::script_peer;

class smtp_adapter_test : public smtp_fixture {};

TEST_F(smtp_adapter_test, delivers_the_content_dot_stuffed) {
  std::string received;
  expect_connection([&](script_peer& peer, memory_stream&) {
    take_message(greet(peer)).then([&received, &peer] { received = peer.last_data(); });
  });
  const attempt_report report = deliver(an_attempt());
  EXPECT_EQ(outcomes_of(report), "delivered delivered");
  EXPECT_EQ(report.recipients[0].code, 250);
  EXPECT_EQ(report.recipients[0].enhanced_status, "2.0.0");
  EXPECT_EQ(report.recipients[0].reply, "250 2.0.0 queued as 4711");
  EXPECT_EQ(report.host, "mta1.example:25");
  EXPECT_EQ(received, "Subject: t\r\n\r\nline\r\n..dot\r\n.\r\n");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, tells_how_long_the_first_reply_took) {
  expect_connection([this](script_peer& peer, memory_stream&) {
    peer.then([this] { clock_.advance(seconds{2}); });
    take_message(greet(peer));
  });
  EXPECT_EQ(deliver(an_attempt()).first_reply, seconds{2});
}

TEST_F(smtp_adapter_test, reuses_the_connection) {
  expect_connection([](script_peer& peer, memory_stream&) { take_message(take_message(greet(peer))); });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, quits_after_its_share_of_messages) {
  settings_.messages_per_connection = 1;
  for (int i = 0; i < 2; ++i) {
    expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)).line("QUIT").expect_close(); });
  }
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, says_quit_to_a_connection_idle_for_too_long) {
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)).line("QUIT").expect_close(); });
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)); });
  static_cast<void>(deliver(an_attempt()));
  clock_.advance(settings_.timeouts.idle);
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, does_not_reuse_a_connection_that_the_peer_closed) {
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)).close(); });
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)); });
  static_cast<void>(deliver(an_attempt()));
  context_.restart();
  context_.poll();
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, repeats_once_on_a_fresh_connection_when_an_idle_one_dies_under_mail) {
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)).line_starting("MAIL").close(); });
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)); });
  static_cast<void>(deliver(an_attempt()));
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, does_not_repeat_when_a_fresh_connection_dies_under_mail) {
  expect_connection([](script_peer& peer, memory_stream&) { greet(peer).line_starting("MAIL").close(); });
  const attempt_report report = deliver(an_attempt());
  EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
  EXPECT_EQ(report.recipients[0].stage, attempt_stage::mail);
  EXPECT_FALSE(report.recipients[0].connect_class);
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, sends_the_rest_in_another_transaction_on_the_same_connection) {
  expect_connection([](script_peer& peer, memory_stream&) {
    greet(peer)
        .line_starting("MAIL")
        .line_starting("RCPT TO:<one")
        .line_starting("RCPT TO:<two")
        .line("DATA")
        .send("250 ok\r\n250 ok\r\n452 4.5.3 too many\r\n354 go\r\n")
        .data()
        .send("250 first\r\n")
        .line_starting("MAIL")
        .line_starting("RCPT TO:<two")
        .line("DATA")
        .send("250 ok\r\n250 ok\r\n354 go\r\n")
        .data()
        .send("250 second\r\n");
  });
  const attempt_report report = deliver(an_attempt());
  EXPECT_EQ(outcomes_of(report), "delivered delivered");
  EXPECT_EQ(report.recipients[1].reply, "250 second");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, rest_waits_when_the_connection_is_gone) {
  expect_connection([](script_peer& peer, memory_stream&) {
    greet(peer)
        .line_starting("MAIL")
        .line_starting("RCPT")
        .line_starting("RCPT")
        .line("DATA")
        .send("250 ok\r\n250 ok\r\n452 4.5.3 too many\r\n354 go\r\n")
        .data()
        .send("421 4.3.2 bye\r\n")
        .close();
  });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "deferred_destination deferred_recipient");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, splits_at_recipients_max) {
  settings_.recipients_max = 2;
  expect_connection([](script_peer& peer, memory_stream&) {
    take_message(greet(peer))
        .line_starting("MAIL")
        .line("RCPT TO:<three@b.example>")
        .line("DATA")
        .send("250 ok\r\n550 5.1.1 who\r\n354 go\r\n")
        .line(".")
        .send("554 5.5.1 none\r\n");
  });
  const attempt_report report = deliver(an_attempt({"one@b.example", "two@b.example", "three@b.example"}));
  EXPECT_EQ(outcomes_of(report), "delivered delivered rejected_recipient");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, connection_refused_is_of_the_connect_class) {
  const attempt_report report = deliver(an_attempt());
  EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
  EXPECT_TRUE(report.recipients[0].connect_class);
  EXPECT_EQ(report.recipients[0].stage, attempt_stage::connect);
}

TEST_F(smtp_adapter_test, connect_gives_up_after_seconds) {
  network_.stall(first_host, 25);
  const steady_point start = clock_.steady();
  const attempt_report report = deliver_for(an_attempt(), seconds{4});
  EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
  EXPECT_TRUE(report.recipients[0].connect_class);
  EXPECT_LE(clock_.steady() - start, seconds{4});
}

TEST_F(smtp_adapter_test, silent_greeting_is_of_the_connect_class) {
  expect_connection([](script_peer& peer, memory_stream&) { peer.stall(); });
  const attempt_report report = deliver_for(an_attempt(), seconds{11});
  EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
  EXPECT_EQ(report.recipients[0].stage, attempt_stage::greeting);
  EXPECT_TRUE(report.recipients[0].connect_class);
  EXPECT_EQ(report.recipients[0].reply, "timed out");
}

TEST_F(smtp_adapter_test, tries_the_next_host_within_the_attempt) {
  settings_.hosts = {{first_host, 25}, {second_host, 25}};
  expect_connection([](script_peer& peer, memory_stream&) { peer.send("421 4.3.2 not now\r\n").close(); });
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)); }, second_host);
  const attempt_report report = deliver(an_attempt());
  EXPECT_EQ(outcomes_of(report), "delivered delivered");
  EXPECT_EQ(report.host, "mta2.example:25");
  EXPECT_EQ(report.recipients[0].remote_host, "mta2.example");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, tries_a_failed_host_last_for_thirty_seconds) {
  settings_.hosts = {{first_host, 25}, {second_host, 25}};
  settings_.messages_per_connection = 1;
  for (int i = 0; i < 2; ++i) {
    expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)).line("QUIT"); }, second_host);
  }
  static_cast<void>(deliver(an_attempt()));
  const int before = network_.connects();
  static_cast<void>(deliver(an_attempt()));
  EXPECT_EQ(network_.connects() - before, 1);  // the second host at once
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)).line("QUIT"); });
  clock_.advance(seconds{30});
  EXPECT_EQ(deliver(an_attempt()).host, "mta1.example:25");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, all_hosts_failing_is_the_destination_failing) {
  settings_.hosts = {{first_host, 25}, {second_host, 25}};
  expect_connection([](script_peer& peer, memory_stream&) { peer.send("554 5.3.2 no\r\n").close(); }, second_host);
  const attempt_report report = deliver(an_attempt());
  EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
  EXPECT_FALSE(report.recipients[0].connect_class);  // one host answered
  EXPECT_EQ(report.recipients[0].code, 554);
}

TEST_F(smtp_adapter_test, refused_credentials_end_the_search_for_a_host) {
  settings_.hosts = {{first_host, 25}, {second_host, 25}};
  settings_.auth = smtp_auth{.username = "user", .password = "wrong"};
  expect_connection([](script_peer& peer, memory_stream&) {
    peer.send("220 mta\r\n")
        .any_line()
        .send("250-mta\r\n250 AUTH PLAIN\r\n")
        .line_starting("AUTH PLAIN")
        .send("535 5.7.8 no\r\n");
  });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "refused_account refused_account");
  EXPECT_EQ(network_.connects(), 1);
}

// The end of the content is in the last 16 KiB written: what is lost before they were begun is certainly lost.
TEST_F(smtp_adapter_test, loss_is_certain_up_to_the_last_write_of_the_content) {
  attempt what = an_attempt();
  what.content = std::make_shared<const std::string>("Subject: t\r\n\r\n" + std::string(300'000, 'x') + "\r\n");
  const std::vector<std::pair<std::size_t, const char*>> rows{{10'000, "deferred_destination deferred_destination"},
                                                              {280'000, "deferred_destination deferred_destination"},
                                                              {300'000, "unknown unknown"}};
  for (const auto& [octets, expected] : rows) {
    client_side_.faults.reset_after = octets;
    expect_connection([](script_peer& peer, memory_stream&) { take_envelope(greet(peer)).data(); });
    EXPECT_EQ(outcomes_of(deliver(what)), expected) << octets;
  }
}

TEST_F(smtp_adapter_test, large_content_arrives_whole) {
  attempt what = an_attempt();
  std::string content = "Subject: t\r\n\r\n";
  for (int i = 0; i < 20'000; ++i) content += i % 3 == 0 ? ".a line with a dot\r\n" : "a line without any dot\r\n";
  what.content = std::make_shared<const std::string>(content);
  std::string received;
  expect_connection([&](script_peer& peer, memory_stream&) {
    take_message(greet(peer)).then([&received, &peer] { received = peer.last_data(); });
  });
  EXPECT_EQ(outcomes_of(deliver(what)), "delivered delivered");
  std::string expected;
  mail::append_stuffed(expected, content);
  EXPECT_EQ(received.size(), expected.size());
  EXPECT_TRUE(received == expected);
}

TEST_F(smtp_adapter_test, peer_that_hung_up_after_the_go_ahead_has_certainly_not_accepted) {
  expect_connection([](script_peer& peer, memory_stream&) { take_envelope(greet(peer)).close(); });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "deferred_destination deferred_destination");
}

TEST_F(smtp_adapter_test, early_refusal_is_read_before_the_end_is_sent) {
  expect_connection([](script_peer& peer, memory_stream&) {
    greet(peer).line_starting("MAIL").line_starting("RCPT").line_starting("RCPT").line("DATA").send(
        "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n552 5.3.4 too big already\r\n");
  });
  const attempt_report report = deliver(an_attempt());
  EXPECT_EQ(outcomes_of(report), "rejected_message rejected_message");
  EXPECT_EQ(report.recipients[0].refused_point, "size");
}

TEST_F(smtp_adapter_test, lost_after_the_dot_is_unknown_for_those_accepted) {
  expect_connection([](script_peer& peer, memory_stream&) {
    greet(peer)
        .line_starting("MAIL")
        .line_starting("RCPT")
        .line_starting("RCPT")
        .line("DATA")
        .send("250 ok\r\n250 ok\r\n550 5.1.1 who\r\n354 go\r\n")
        .data()
        .close();
  });
  const attempt_report report = deliver(an_attempt());
  EXPECT_EQ(outcomes_of(report), "unknown rejected_recipient");
  EXPECT_EQ(report.recipients[0].stage, attempt_stage::dot);
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, taken_and_then_lost_is_delivered) {
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)).close(); });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
}

TEST_F(smtp_adapter_test, deadline_of_the_attempt_does_not_cut_the_wait_after_the_dot) {
  expect_connection([this](script_peer& peer, memory_stream&) {
    take_envelope(greet(peer)).data().then([this] { clock_.advance(seconds{120}); }).send("250 at last\r\n");
  });
  attempt what = an_attempt();
  what.deadline = clock_.steady() + seconds{60};
  EXPECT_EQ(outcomes_of(deliver(what)), "delivered delivered");
}

TEST_F(smtp_adapter_test, silence_after_the_dot_is_unknown_after_ten_minutes) {
  expect_connection([](script_peer& peer, memory_stream&) { take_envelope(greet(peer)).data().stall(); });
  EXPECT_EQ(outcomes_of(deliver_for(an_attempt(), seconds{601})), "unknown unknown");
}

TEST_F(smtp_adapter_test, deadline_of_the_attempt_cuts_the_envelope) {
  expect_connection([](script_peer& peer, memory_stream&) { greet(peer).stall(); });
  attempt what = an_attempt();
  what.deadline = clock_.steady() + seconds{20};
  const attempt_report report = deliver_for(what, seconds{21});
  EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
}

TEST_F(smtp_adapter_test, session_is_reset_and_reused_after_a_refusal) {
  expect_connection([](script_peer& peer, memory_stream&) {
    greet(peer)
        .line_starting("MAIL")
        .line_starting("RCPT")
        .line_starting("RCPT")
        .line("DATA")
        .send("250 ok\r\n450 4.7.1 grey\r\n550 5.1.1 who\r\n554 5.5.1 no recipients\r\n")
        .line("RSET")
        .send("250 ok\r\n");
    take_message(peer);
  });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "deferred_recipient rejected_recipient");
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, a_peer_that_froze_while_idle_is_given_the_time_of_a_greeting) {
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)).stall(); });
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)); });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  const steady_point began = clock_.steady();
  EXPECT_EQ(outcomes_of(deliver_for(an_attempt(), seconds{5})), "delivered delivered");
  EXPECT_GE(clock_.steady() - began, seconds{4});
  EXPECT_LE(clock_.steady() - began, seconds{5});
  expect_scripts_met();
}

attempt an_attempt_with_another_way() {
  attempt what = an_attempt();
  what.first_word_max = std::chrono::milliseconds{1500};
  return what;
}

TEST_F(smtp_adapter_test, mail_that_has_another_way_waits_for_the_first_word_only_so_long) {
  expect_connection([](script_peer& peer, memory_stream&) { peer.stall(); });
  const attempt_report report = deliver_for(an_attempt_with_another_way(), seconds{5});
  EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
  EXPECT_EQ(report.recipients[0].stage, attempt_stage::greeting);
  EXPECT_TRUE(report.recipients[0].connect_class);
  EXPECT_EQ(lasted_, std::chrono::milliseconds{1500});
}

TEST_F(smtp_adapter_test, a_peer_that_froze_while_idle_and_does_not_greet_either_has_that_time_in_all) {
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)).stall(); });
  expect_connection([](script_peer& peer, memory_stream&) { peer.stall(); });
  static_cast<void>(deliver(an_attempt()));
  const attempt_report report = deliver_for(an_attempt_with_another_way(), seconds{9});
  EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
  EXPECT_EQ(lasted_, std::chrono::milliseconds{1500});
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, hosts_share_the_time_for_the_first_word) {
  settings_.hosts = {{first_host, 25}, {second_host, 25}};
  expect_connection([](script_peer& peer, memory_stream&) { peer.stall(); });
  expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)); }, second_host);
  EXPECT_EQ(outcomes_of(deliver_for(an_attempt_with_another_way(), seconds{5})), "delivered delivered");
  EXPECT_EQ(lasted_, std::chrono::milliseconds{750});
  expect_scripts_met();
}

// Each of them greets after a second, and that is known: whoever is asked first has the time for it, and so has the
// next.
TEST_F(smtp_adapter_test, each_host_has_the_time_it_is_known_to_take) {
  settings_.hosts = {{first_host, 25}, {second_host, 25}, {"mta3.example", 25}};
  for (const bool first_is_dead : {false, true}) {
    for (const char* host : {first_host, second_host, "mta3.example"}) {
      expect_connection(
          [&, dead = first_is_dead && host == std::string_view{first_host}](script_peer& peer, memory_stream&) {
            if (dead) {
              peer.stall();
            } else {
              take_message(greet(peer.pause(time_, seconds{1})));
            }
          },
          host);
    }
    attempt what = an_attempt();
    what.first_word_max = seconds{2};
    what.first_word_each = seconds{2};
    const attempt_report report = deliver_for(what, seconds{10});
    EXPECT_EQ(outcomes_of(report), "delivered delivered") << first_is_dead;
    EXPECT_EQ(report.first_word, seconds{1}) << "what another host cost is not its own";
    adapter().close_idle();
  }
}

// It looks senders up: a connection that lay idle is not given up for that again and again.
TEST_F(smtp_adapter_test, the_reply_to_mail_is_a_first_word_as_well) {
  const auto slow_at_mail = [this](script_peer& peer) {
    peer.line("MAIL FROM:<a@ours.example>")
        .pause(time_, seconds{1})
        .line("RCPT TO:<one@b.example>")
        .line("RCPT TO:<two@b.example>")
        .line("DATA")
        .send("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n")
        .data()
        .send("250 2.0.0 queued as 4711\r\n");
  };
  expect_connection([&](script_peer& peer, memory_stream&) {
    slow_at_mail(greet(peer));
    slow_at_mail(peer);
  });
  attempt what = an_attempt();
  what.first_word_max = std::chrono::milliseconds{1500};
  const attempt_report first = deliver_for(what, seconds{5});
  EXPECT_EQ(first.first_word, seconds{1});
  what.first_word_max = what.first_word_each = 2 * first.first_word;
  EXPECT_EQ(outcomes_of(deliver_for(what, seconds{5})), "delivered delivered");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, who_has_spoken_has_the_time_of_each_command) {
  settings_.timeouts.command = seconds{60};
  expect_connection([](script_peer& peer, memory_stream&) { greet(peer).stall(); });
  const attempt_report report = deliver_for(an_attempt_with_another_way(), seconds{61});
  EXPECT_EQ(report.recipients[0].stage, attempt_stage::mail);
  EXPECT_EQ(lasted_, seconds{60});
}

// The destination was taken for dead while this one was talking to it.
TEST_F(smtp_adapter_test, let_go_ends_what_is_not_committed_when_its_peer_has_been_silent_for_so_long) {
  const std::vector<std::pair<script, attempt_stage>> rows{
      {[](script_peer& peer, memory_stream&) { greet(peer).stall(); }, attempt_stage::mail},
      {[](script_peer& peer, memory_stream&) { greet(peer).line_starting("MAIL").send("250 ok\r\n").stall(); },
       attempt_stage::rcpt}};
  for (const auto& [steps, stage] : rows) {
    expect_connection(steps);
    static_cast<void>(time_.call_at(clock_.steady() + seconds{1}, [this] { adapter().let_go(seconds{2}); }));
    const attempt_report report = deliver_for(an_attempt(), seconds{301});
    EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
    EXPECT_EQ(report.recipients[0].stage, stage);
    EXPECT_EQ(lasted_, seconds{2});
  }
}

TEST_F(smtp_adapter_test, let_go_leaves_alone_what_was_handed_over) {
  expect_connection([](script_peer& peer, memory_stream&) { take_envelope(greet(peer)).data().stall(); });
  static_cast<void>(time_.call_at(clock_.steady() + seconds{1}, [this] { adapter().let_go(seconds{2}); }));
  EXPECT_EQ(outcomes_of(deliver_for(an_attempt(), seconds{601})), "unknown unknown");
  EXPECT_EQ(lasted_, settings_.timeouts.data_termination);
}

TEST_F(smtp_adapter_test, a_probe_tells_how_long_the_greeting_took) {
  expect_connection([this](script_peer& peer, memory_stream&) {
    peer.then([this] { clock_.advance(seconds{3}); });
    greet(peer).line("QUIT");
  });
  const probe_report report = support::run_for_test(context_, adapter().probe(clock_.steady() + seconds{10}));
  EXPECT_TRUE(report.healthy);
  EXPECT_EQ(report.first_word, seconds{3});
}

TEST_F(smtp_adapter_test, closed_idle_connections_are_not_reused) {
  for (int i = 0; i < 2; ++i) expect_connection([](script_peer& peer, memory_stream&) { take_message(greet(peer)); });
  static_cast<void>(deliver(an_attempt()));
  adapter().close_idle();
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, attempt_without_content_is_our_fault) {
  attempt what = an_attempt();
  what.content = nullptr;
  EXPECT_EQ(outcomes_of(deliver(what)), "adapter_fault adapter_fault");
}

TEST_F(smtp_adapter_test, probe_shakes_hands_and_sends_no_message) {
  expect_connection([](script_peer& peer, memory_stream&) { greet(peer).line("QUIT").expect_close(); });
  const probe_report report = support::run_for_test(context_, adapter().probe(clock_.steady() + seconds{10}));
  EXPECT_TRUE(report.healthy);
  expect_scripts_met();
}

TEST_F(smtp_adapter_test, probe_says_why_not) {
  expect_connection([](script_peer& peer, memory_stream&) { peer.send("554 5.3.2 closed\r\n"); });
  const probe_report report = support::run_for_test(context_, adapter().probe(clock_.steady() + seconds{10}));
  EXPECT_FALSE(report.healthy);
  EXPECT_EQ(report.outcome.outcome, attempt_outcome::deferred_destination);
  EXPECT_EQ(report.outcome.code, 554);
}

TEST_F(smtp_adapter_test, has_no_look_up) {
  const std::string id = "attempt-1";
  const std::string who = "one@b.example";
  EXPECT_EQ(support::run_for_test(context_, adapter().look_up(id, who, steady_point{})).answer,
            lookup_answer::unsupported);
}

// Catalogue P-199: what is no reply is a temporary failure, in bounded memory.
TEST_F(smtp_adapter_test, hostile_replies_are_a_temporary_failure) {
  std::string thousand_lines;
  for (int i = 0; i < 1000; ++i) thousand_lines += "250-line\r\n";
  const std::vector<std::string> hostile{"850 what\r\n",
                                         "no code\r\n",
                                         "250 line feed only\n",
                                         thousand_lines,
                                         std::string(10'000'000, 'x'),
                                         std::string("250 n\0l\r\n", 9),
                                         "25\r\n",
                                         "250-a\r\n550 b\r\n"};
  for (const std::string& answer : hostile) {
    expect_connection([&answer](script_peer& peer, memory_stream&) {
      greet(peer).line_starting("MAIL").line_starting("RCPT").line_starting("RCPT").line("DATA").send(answer).stall();
    });
    const attempt_report report = deliver(an_attempt());
    EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination") << answer.substr(0, 20);
    EXPECT_LE(report.recipients[0].reply.size(), 512U);
  }
}

TEST_F(smtp_adapter_test, hostile_reply_after_the_dot_is_unknown) {
  expect_connection(
      [](script_peer& peer, memory_stream&) { take_envelope(greet(peer)).data().send("850 what\r\n").stall(); });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "unknown unknown");
}

}  // namespace
}  // namespace stellwerk::adapters::smtp::test
