// What senders are told: bounces, delays, hand-overs (RFC 3464), with what they asked for (RFC 3461).
#include <algorithm>
#include <map>

#include "gateway/delivery/dsn_limiter.hpp"
#include "tests/unit/gateway/delivery/delivery_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using namespace std::chrono_literals;
using mail::attempt_outcome;
using mail::recipient_state;

std::vector<std::string> addresses(const std::string& prefix, int count) {
  std::vector<std::string> out;
  for (int i = 0; i < count; ++i) out.push_back(prefix + std::to_string(i) + "@example.org");
  return out;
}

void refuse_all(spool::accept_request& request) {
  for (spool::recipient_row& row : request.recipients) row.state = recipient_state::refused;
}

// As a local MTA does that splits one message into transactions, or repeats itself.
void refuse_all_under_one_key(spool::accept_request& request) {
  refuse_all(request);
  request.idempotency.emplace();
  request.idempotency->tenant = "acme";
  request.idempotency->key = "one";
  request.idempotency->merge_recipients = true;
}

class notice_test : public delivery_fixture {
 protected:
  // Notices are taken, everything else is refused for good, until nothing is in flight.
  void answer_all(const mail::recipient_outcome& others = outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1",
                                                                     "550 5.1.1 no such user")) {
    while (!runner_.attempts.empty()) {
      const adapters::attempt& what = runner_.attempts.front().what;
      const bool is_notice = what.reverse_path.empty();
      if (is_notice) take(what);
      answer({is_notice ? outcome_of(attempt_outcome::delivered) : others});
    }
  }

  void take(const adapters::attempt& notice) {
    ++taken_;
    EXPECT_EQ(notice.recipients.front().address, "sender@shop.example");
    const std::string field = "\r\nFinal-Recipient: rfc822; ";
    for (auto at = notice.content->find(field); at != std::string::npos; at = notice.content->find(field, at)) {
      at += field.size();
      ++told_[notice.content->substr(at, notice.content->find("\r\n", at) - at)];
    }
  }

  // Of each of these, once, and of nobody else.
  void expect_told_once(const std::vector<std::string>& of) {
    EXPECT_EQ(told_.size(), of.size());
    for (const std::string& address : of) EXPECT_EQ(told_[address], 1) << address;
  }

  int taken_ = 0;
  std::map<std::string, int> told_;  // how often of whom
};

TEST_F(notice_test, a_notice_that_returns_eight_bit_content_says_so) {
  start();
  submit({"gone@example.org"}, [](spool::accept_request& request) {
    request.content = std::make_shared<const std::string>(
        "From: Shop <sender@shop.example>\r\nTo: gone@example.org\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9f"
        "e\r\n");
    request.message.body_8bitmime = true;
    request.message.return_full = true;
  });
  answer({outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "no such user")});
  ASSERT_EQ(runner_.attempts.size(), 1U);
  const adapters::attempt& notice = runner_.attempts.front().what;
  ASSERT_NE(notice.content->find("Gr\xc3\xbc"), std::string::npos);
  EXPECT_TRUE(notice.body_8bitmime);
}

// The door said 250 for the whole message: the notice is as durable as that answer.
TEST_F(notice_test, a_recipient_refused_within_an_accepted_message_is_told_of_although_a_crash_follows) {
  start();
  spool::accept_request request;
  submit({"warm-up@example.org"}, [&](spool::accept_request& made) { request = made; });
  answer({outcome_of(attempt_outcome::delivered)});
  request.message.id = ids_.next();
  request.recipients.push_back(request.recipients.front());
  request.recipients.back().address = "suppressed@example.org";
  request.recipients.back().state = recipient_state::refused;
  request.recipients.back().reason = "suppressed";
  dispatcher_->accept(std::move(request), [](const result<spool::accept_answer>& done) { ASSERT_TRUE(done); });
  dispatcher_->run();
  ASSERT_TRUE(store_->run_once());
  dispatcher_.reset();  // before it hears of the commit
  shut_down();
  start();
  std::vector<std::string> about;
  for (const auto& one : runner_.attempts) {
    if (!one.what.reverse_path.empty()) continue;
    about.push_back(one.what.recipients.front().address);
    EXPECT_NE(one.what.content->find("Final-Recipient: rfc822; suppressed@example.org"), std::string::npos);
  }
  EXPECT_EQ(about, std::vector<std::string>{"sender@shop.example"});
}

TEST_F(notice_test, the_notice_of_a_refused_recipient_leaves_at_once_and_only_once) {
  start();
  submit({"a@example.org", "suppressed@example.org"},
         [](spool::accept_request& request) { request.recipients[1].state = recipient_state::refused; });
  ASSERT_EQ(runner_.attempts.size(), 2U);
  EXPECT_EQ(runner_.attempts[1].what.reverse_path, "");
  while (!runner_.attempts.empty()) answer({outcome_of(attempt_outcome::delivered)});
  pass(1h);
  EXPECT_TRUE(runner_.attempts.empty());
}

TEST_F(notice_test, who_asked_for_success_is_told_where_the_next_hop_will_not_tell) {
  start();
  submit({"a@example.org", "b@example.org"},
         [](spool::accept_request& request) { request.recipients[0].dsn.on_success = true; });
  answer({outcome_of(attempt_outcome::delivered, 250, "2.0.0", "250 2.0.0 queued")});
  ASSERT_EQ(runner_.attempts.size(), 1U);
  const adapters::attempt& notice = runner_.attempts.front().what;
  EXPECT_EQ(notice.reverse_path, "");
  EXPECT_EQ(notice.recipients.front().address, "sender@shop.example");
  EXPECT_NE(notice.content->find("Final-Recipient: rfc822; a@example.org\r\nAction: relayed\r\nStatus: 2.0.0\r\n"),
            std::string::npos);
  EXPECT_EQ(notice.content->find("b@example.org"), std::string::npos) << "nobody asked for it";
}

TEST_F(notice_test, a_next_hop_that_took_over_the_notifications_tells_of_success_itself) {
  start();
  submit({"a@example.org"}, [](spool::accept_request& request) { request.recipients[0].dsn.on_success = true; });
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_TRUE(runner_.attempts.front().what.recipients.front().dsn.on_success);
  mail::recipient_outcome passed_on = outcome_of(attempt_outcome::delivered, 250, "2.0.0", "250 2.0.0 queued");
  passed_on.dsn_passed_on = true;
  answer({passed_on});
  EXPECT_TRUE(runner_.attempts.empty());
}

TEST_F(notice_test, a_notice_names_the_host_and_says_who_spoke) {
  start();
  mail::recipient_outcome by_peer = outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "550 5.1.1 who");
  by_peer.remote_host = "mx1.example.org";
  mail::recipient_outcome by_api = outcome_of(attempt_outcome::rejected_recipient, 400, "", "no such user");
  by_api.stage = mail::attempt_stage::response;
  mail::recipient_outcome by_us = outcome_of(attempt_outcome::rejected_recipient, 0, "", "no line break in an address");
  const std::vector<std::pair<mail::recipient_outcome, std::string>> said{
      {by_peer, "Status: 5.1.1\r\nRemote-MTA: dns; mx1.example.org\r\nDiagnostic-Code: smtp; 550 5.1.1 who\r\n"},
      {by_api, "Status: 5.0.0\r\nDiagnostic-Code: x-http; no such user\r\n"},
      {by_us, "Status: 5.0.0\r\nDiagnostic-Code: x-stellwerk; no line break in an address\r\n"}};
  for (const auto& [outcome, fields] : said) {
    submit({"a@example.org"});
    answer({outcome});
    ASSERT_EQ(runner_.attempts.size(), 1U);
    EXPECT_NE(runner_.attempts.front().what.content->find(fields), std::string::npos) << fields;
    answer({outcome_of(attempt_outcome::delivered)});
  }
}

TEST_F(notice_test, an_expired_message_names_its_last_host_also_after_a_restart) {
  start();
  const queue_id id = submit({"a@example.org"});
  mail::recipient_outcome later = outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "450 4.2.0 later");
  later.remote_host = "mx1.example.org";
  answer({later});
  shut_down();
  start();
  clock_.advance(25h);
  settle();
  ASSERT_EQ(row(id).state, recipient_state::expired);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_NE(runner_.attempts.front().what.content->find("Remote-MTA: dns; mx1.example.org"), std::string::npos);
}

TEST_F(notice_test, the_sender_of_poison_is_told_without_what_may_be_its_cause) {
  start();
  submit({"a@example.org"}, [](spool::accept_request& request) { request.message.return_full = true; });
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(runner_.attempts.size(), 1U);
    EXPECT_FALSE(runner_.attempts.front().what.reverse_path.empty());
    shut_down();
    start();
  }
  ASSERT_EQ(runner_.attempts.size(), 1U);
  const adapters::attempt& notice = runner_.attempts.front().what;
  EXPECT_EQ(notice.reverse_path, "");
  EXPECT_EQ(notice.recipients.front().address, "sender@shop.example");
  for (const char* part : {"Final-Recipient: rfc822; a@example.org\r\nAction: failed\r\nStatus: 5.3.0\r\n",
                           "Its delivery was broken off"}) {
    EXPECT_NE(notice.content->find(part), std::string::npos) << part;
  }
  for (const char* part : {"Hello", "rfc822-headers", "message/rfc822"})
    EXPECT_EQ(notice.content->find(part), std::string::npos) << part;
}

TEST_F(notice_test, a_thousand_recipients_refused_at_the_door_share_one_notice) {
  start();
  submit(addresses("gone", 1000), refuse_all);
  answer_all();
  EXPECT_EQ(taken_, 1);
  expect_told_once(addresses("gone", 1000));
}

TEST_F(notice_test, a_thousand_recipients_that_a_peer_refuses_need_as_many_notices_as_attempts) {
  rules_.bounce_brake.minimum = 10'000;
  start();
  submit(addresses("gone", 1000));
  answer_all();
  EXPECT_EQ(taken_, 10) << "a hundred recipients in each attempt";
  expect_told_once(addresses("gone", 1000));
}

TEST_F(notice_test, in_one_attempt_only_those_that_failed_are_told_of) {
  start();
  submit({"a@example.org", "b@example.org", "c@example.org"});
  const auto gone = outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "550 5.1.1 no such user");
  const auto full = outcome_of(attempt_outcome::rejected_recipient, 552, "5.2.2", "552 5.2.2 full");
  answer({gone, outcome_of(attempt_outcome::delivered), full});
  ASSERT_EQ(runner_.attempts.size(), 1U);
  const std::string& content = *runner_.attempts.front().what.content;
  for (const char* group : {"Final-Recipient: rfc822; a@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n",
                            "Final-Recipient: rfc822; c@example.org\r\nAction: failed\r\nStatus: 5.2.2\r\n"}) {
    EXPECT_NE(content.find(group), std::string::npos) << group;
  }
  answer_all();
  expect_told_once({"a@example.org", "c@example.org"});
}

// Written in one commit with the final states: a crash before it repeats the attempt, one after it finds the notice.
TEST_F(notice_test, who_shares_a_notice_is_told_of_once_whenever_the_process_ends) {
  for (const bool is_committed : {false, true}) {
    told_.clear();
    start();
    submit(addresses("gone", 20));
    ASSERT_EQ(runner_.attempts.size(), 1U);
    adapters::attempt_report report;
    report.recipients.assign(20, outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "550 5.1.1 who"));
    runner_.attempts.front().done(std::move(report));
    if (is_committed) {
      dispatcher_->run();
      while (store_->run_once()) {
      }
    }
    dispatcher_.reset();  // before it takes up the report, or hears of the commit
    shut_down();
    start();
    answer_all();
    expect_told_once(addresses("gone", 20));
    shut_down();
  }
}

TEST_F(notice_test, recipients_that_a_merge_knows_are_not_told_of_again) {
  start();
  submit({"a@example.org", "b@example.org"}, refuse_all_under_one_key);
  submit({"b@example.org", "c@example.org"}, refuse_all_under_one_key);
  submit({"a@example.org", "c@example.org"}, refuse_all_under_one_key);
  answer_all();
  EXPECT_EQ(taken_, 2);
  expect_told_once({"a@example.org", "b@example.org", "c@example.org"});
}

TEST_F(notice_test, held_recipients_of_one_message_expire_in_one_notice) {
  start();
  const queue_id id = submit(addresses("waits", 30));
  answer_all(outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "450 4.2.0 later"));
  operate_order hold;
  hold.what = operation::hold;
  hold.message = id;
  operate(hold);
  told_.clear();
  pass(25h);
  answer_all();
  EXPECT_EQ(row(id).state, recipient_state::expired);
  EXPECT_EQ(taken_, 1);
  expect_told_once(addresses("waits", 30));
}

// Each was due at another time, with another message's between them.
TEST_F(notice_test, recipients_that_expire_in_one_sweep_share_a_notice) {
  start();
  const auto end_early = [this](spool::accept_request& request) { request.message.expires = clock_.now() + 1s; };
  const queue_id first = submit(addresses("a", 20), end_early);
  const queue_id second = submit(addresses("b", 20), end_early);
  for (int i = 0; i < 2; ++i) answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "450 later")});
  std::map<time_point, queue_id> order;
  for (std::uint32_t i = 0; i < 20; ++i) {
    order[row(first, i).due] = first;
    order[row(second, i).due] = second;
  }
  int turns = 0;
  for (auto at = order.begin(); std::next(at) != order.end(); ++at)
    turns += at->second != std::next(at)->second ? 1 : 0;
  ASSERT_EQ(order.size(), 40U);
  ASSERT_GT(turns, 1) << "the order of due times keeps them together anyway";
  clock_.advance(1s);
  settle();
  answer_all();
  EXPECT_EQ(taken_, 2);
  EXPECT_EQ(told_.size(), 40U);
}

TEST_F(notice_test, what_is_too_much_for_one_hour_is_told_in_the_next_also_after_a_crash) {
  start();
  std::vector<std::string> all;
  for (const std::string& one : addresses("gone", 150)) {
    submit({one}, refuse_all);
    all.push_back(one);
  }
  answer_all();
  EXPECT_EQ(taken_, 100);
  EXPECT_EQ(told_.size(), 100U);
  shut_down();
  start();
  answer_all();
  EXPECT_EQ(taken_, 100) << "not before its hour";
  clock_.advance(1h);
  settle();
  answer_all();
  EXPECT_EQ(taken_, 150);
  expect_told_once(all);
}

// Only what was stored counts: a client that repeats itself is no reason to keep others untold.
TEST_F(notice_test, notices_that_are_not_stored_leave_the_hour_to_others) {
  start();
  for (int i = 0; i < 150; ++i) submit({"a@example.org"}, refuse_all_under_one_key);
  submit({"b@example.org"}, refuse_all);
  answer_all();
  EXPECT_EQ(taken_, 2);
  expect_told_once({"a@example.org", "b@example.org"});
}

// RFC 3461 section 4.3: what tells of no failure returns headers only.
TEST_F(notice_test, a_delay_returns_headers_only_whatever_ret_says) {
  start();
  submit({"a@example.org"}, [](spool::accept_request& request) {
    request.message.return_full = true;
    request.message.accepted = request.message.accepted - 5h;
  });
  answer({outcome_of(attempt_outcome::deferred_recipient, 450, "4.2.0", "450 4.2.0 later")});
  ASSERT_EQ(runner_.attempts.size(), 1U);
  const std::string& content = *runner_.attempts.front().what.content;
  ASSERT_NE(content.find("Action: delayed"), std::string::npos);
  EXPECT_NE(content.find("text/rfc822-headers"), std::string::npos);
}

TEST_F(notice_test, what_keeps_the_mail_at_home_by_its_header_keeps_its_notice_there) {
  traits_[0].zone = "on_prem";
  rules_.invariants.push_back(
      {"home", "policy.invariants[0]", "header[\"x-class\"] == \"personal\"", "zone == \"on_prem\"", ""});
  start();
  const auto personal = [](spool::accept_request& request) {
    request.content = std::make_shared<const std::string>(
        "From: Shop <sender@shop.example>\r\nX-Class: personal\r\nSubject: Your result\r\n\r\nBody.\r\n");
    request.message.return_full = true;
  };
  submit({"a@example.org"}, personal);
  ASSERT_EQ(in_flight_at(), "onprem");
  ASSERT_TRUE(dispatcher_->destinations().drain("onprem", "maintenance"));
  answer({outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "550 5.1.1 who")});
  EXPECT_TRUE(runner_.attempts.empty());
  ASSERT_TRUE(dispatcher_->destinations().resume("onprem"));
  pass(2min);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(in_flight_at(), "onprem");
}

TEST_F(notice_test, an_invariant_about_one_recipient_binds_the_notice_about_that_one) {
  traits_[0].zone = "on_prem";
  rules_.invariants.push_back(
      {"home", "policy.invariants[0]", "recipient.domain == \"clinic.example\"", "zone == \"on_prem\"", ""});
  rules_.invariants.push_back(
      {"abroad", "policy.invariants[1]", "recipient.domain == \"example.net\"", "zone != \"on_prem\"", ""});
  start();
  submit({"a@clinic.example", "b@clinic.example", "c@example.org"});
  submit({"d@example.net"});
  ASSERT_EQ(runner_.attempts.size(), 2U);
  ASSERT_TRUE(dispatcher_->destinations().drain("onprem", "maintenance"));
  const auto gone = outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "550 5.1.1 who");
  answer({gone, gone, gone});
  runner_.attempts.pop_front();
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(in_flight_at(), "mailjet");
  take(runner_.attempts.front().what);
  expect_told_once({"c@example.org"});
  answer({outcome_of(attempt_outcome::delivered)});
  ASSERT_TRUE(dispatcher_->destinations().resume("onprem"));
  pass(2min);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(in_flight_at(), "onprem");
  take(runner_.attempts.front().what);
  expect_told_once({"a@clinic.example", "b@clinic.example", "c@example.org"});
}

TEST_F(notice_test, recipients_that_no_one_destination_may_have_are_told_of_apart) {
  traits_[0].zone = "on_prem";
  rules_.invariants.push_back(
      {"home", "policy.invariants[0]", "recipient.domain == \"clinic.example\"", "zone == \"on_prem\"", ""});
  rules_.invariants.push_back(
      {"abroad", "policy.invariants[1]", "recipient.domain == \"example.net\"", "zone != \"on_prem\"", ""});
  start();
  submit({"a@clinic.example", "b@example.net"}, refuse_all);
  ASSERT_EQ(runner_.attempts.size(), 2U) << "one for each, and none is held";
  answer_all();
  expect_told_once({"a@clinic.example", "b@example.net"});
}

// Its `only` says nothing of the report, which has no such field: what the field of the message was, nobody knows.
TEST_F(notice_test, an_only_that_reads_a_header_keeps_the_notice_at_home_too) {
  traits_[0].zone = "on_prem";
  rules_.invariants.push_back(
      {"home", "policy.invariants[0]", "", "header[\"x-class\"] != \"personal\" || zone == \"on_prem\"", ""});
  start();
  submit({"a@example.org"}, [](spool::accept_request& request) {
    request.content = std::make_shared<const std::string>(
        "From: Shop <sender@shop.example>\r\nX-Class: personal\r\nSubject: Your result\r\n\r\nBody.\r\n");
  });
  submit({"b@example.org"});
  ASSERT_EQ(in_flight_at(), "onprem");
  ASSERT_TRUE(dispatcher_->destinations().drain("onprem", "maintenance"));
  const auto gone = outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "550 5.1.1 who");
  answer({gone});
  answer({gone});
  ASSERT_EQ(runner_.attempts.size(), 1U) << "what may go anywhere is reported from anywhere";
  EXPECT_EQ(in_flight_at(), "mailjet");
  take(runner_.attempts.front().what);
  expect_told_once({"b@example.org"});
}

TEST_F(notice_test, a_reload_that_renames_an_invariant_frees_no_notice) {
  traits_[0].zone = "on_prem";
  rules_.invariants.push_back(
      {"home", "policy.invariants[0]", "header[\"x-class\"] == \"personal\"", "zone == \"on_prem\"", ""});
  start();
  submit({"a@example.org"}, [](spool::accept_request& request) {
    request.content = std::make_shared<const std::string>(
        "From: Shop <sender@shop.example>\r\nX-Class: personal\r\nSubject: Your result\r\n\r\nBody.\r\n");
  });
  ASSERT_EQ(in_flight_at(), "onprem");
  ASSERT_TRUE(dispatcher_->destinations().drain("onprem", "maintenance"));
  answer({outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "550 5.1.1 who")});
  ASSERT_TRUE(runner_.attempts.empty());
  rules_.invariants[0].name = "residency";
  policy_ = std::get<std::shared_ptr<const policy::policy>>(policy::compile(rules_, traits_));
  dispatcher_->adopt(policy_, stream_shares{});
  ASSERT_TRUE(dispatcher_->destinations().resume("onprem"));
  pass(2min);
  ASSERT_EQ(in_flight_at(), "onprem");
  answer({outcome_of(attempt_outcome::deferred_destination, 421, "4.3.2", "421 4.3.2 not now")});
  EXPECT_TRUE(runner_.attempts.empty()) << "no failover out of its zone";
}

// Two zones by tenant: what the notice shares with its message is asked of it again, and binds it no further.
TEST_F(notice_test, a_notice_of_poison_is_not_bound_by_what_another_tenant_asks_for) {
  traits_[0].zone = "on_prem";
  rules_.invariants.push_back({"home", "policy.invariants[0]", "tenant == \"clinic\"", "zone == \"on_prem\"", ""});
  rules_.invariants.push_back({"abroad", "policy.invariants[1]", "tenant == \"acme\"", "zone != \"on_prem\"", ""});
  start();
  submit({"a@example.org"});
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(runner_.attempts.size(), 1U);
    EXPECT_FALSE(runner_.attempts.front().what.reverse_path.empty());
    shut_down();
    start();
  }
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(runner_.attempts.front().what.reverse_path, "");
  EXPECT_EQ(in_flight_at(), "mailjet");
}

TEST_F(notice_test, a_notice_about_list_mail_needs_no_fields_of_list_mail) {
  rules_.invariants.push_back(
      {"unsubscribe", "policy.invariants[0]", "stream == \"marketing\"", "", "one_click_unsubscribe"});
  start();
  submit({"a@example.org"}, [](spool::accept_request& request) {
    request.message.stream = mail::traffic_stream::marketing;
    request.content = std::make_shared<const std::string>(
        "From: Shop <sender@shop.example>\r\nList-Unsubscribe: <https://shop.example/u>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nSubject: Offer\r\n\r\nBody.\r\n");
  });
  answer({outcome_of(attempt_outcome::rejected_recipient, 550, "5.1.1", "550 5.1.1 who")});
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_NE(runner_.attempts.front().what.content->find("multipart/report"), std::string::npos);
}

TEST(dsn_limiter, promises_a_share_of_each_hour_and_a_day_of_them) {
  manual_clock clock;
  dsn_limiter limiter{2};
  const auto admit = [&] { return limiter.admit("a@example.org", clock.steady()); };
  for (int hour = 0; hour <= 24; ++hour) {
    for (int i = 0; i < 2; ++i) EXPECT_EQ(admit(), std::optional<duration>{std::chrono::hours{hour}});
  }
  EXPECT_EQ(admit(), std::nullopt);
  EXPECT_EQ(limiter.admit("b@example.org", clock.steady()), std::optional<duration>{0});
  clock.advance(90min);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(admit(), std::optional<duration>{23h + 30min});
  EXPECT_EQ(admit(), std::nullopt);
  clock.advance(24h);
  EXPECT_EQ(admit(), std::optional<duration>{30min}) << "the share of this hour was promised a day ago";
  clock.advance(1h);
  EXPECT_EQ(admit(), std::optional<duration>{0});
  EXPECT_EQ(dsn_limiter{0}.admit("a@example.org", clock.steady()), std::nullopt);
}

}  // namespace
}  // namespace stellwerk::delivery
