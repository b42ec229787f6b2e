// What senders are told: bounces, delays, hand-overs (RFC 3464), with what they asked for (RFC 3461).
#include "tests/unit/gateway/delivery/delivery_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using namespace std::chrono_literals;
using mail::attempt_outcome;
using mail::recipient_state;
using notice_test = delivery_fixture;

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

}  // namespace
}  // namespace stellwerk::delivery
