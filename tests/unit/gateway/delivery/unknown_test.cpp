// Unknown outcomes of several recipients at an API that sends to whom the header names (architecture, on_unknown):
// asked for together, repeated together, or not at all.
#include "delivery_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using mail::attempt_outcome;
using mail::recipient_state;
using namespace std::chrono_literals;

class unknown_at_an_api : public delivery_fixture {
 protected:
  unknown_at_an_api() {
    policy::destination_traits api = a_destination("mailjet", 10);
    api.adapter = "mailjet";
    api.capabilities.envelope_free = false;
    traits_ = {a_destination("onprem", 10), api};
    rules_.routes = {failover_route("everything", {"mailjet", "onprem"})};
  }
  queue_id submit_to_two() {
    return submit({"a@example.org", "b@example.org"}, [](spool::accept_request& request) {
      request.content = std::make_shared<const std::string>(
          "From: Shop <sender@shop.example>\r\nTo: a@example.org, b@example.org\r\nSubject: Hello\r\n\r\nBody.\r\n");
      request.message.size = request.content->size();
      request.message.expires = request.message.accepted + 48h;
    });
  }
  void lose_the_reply() {
    ASSERT_EQ(in_flight_at(), "mailjet");
    ASSERT_EQ(runner_.attempts.front().what.recipients.size(), 2U);
    answer({outcome_of(attempt_outcome::unknown, 0, "", "connection lost")});
  }
  void expect_both(const queue_id& id, recipient_state state) {
    EXPECT_EQ(row(id, 0).state, state);
    EXPECT_EQ(row(id, 1).state, state);
  }
};

TEST_F(unknown_at_an_api, two_empty_look_ups_and_both_recipients_are_repeated_in_one_attempt) {
  runner_.lookup.answer = adapters::lookup_answer::absent;
  start();
  const queue_id id = submit_to_two();
  lose_the_reply();
  expect_both(id, recipient_state::unknown);
  pass(16min);
  EXPECT_EQ(runner_.lookups.size(), 2U);
  EXPECT_TRUE(runner_.attempts.empty()) << "one empty look-up proves nothing";
  pass(1h);
  EXPECT_EQ(runner_.lookups.size(), 4U);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(in_flight_at(), "mailjet");
  EXPECT_EQ(runner_.attempts.front().what.recipients.size(), 2U);
  answer({outcome_of(attempt_outcome::delivered)});
  expect_both(id, recipient_state::delivered);
}

TEST_F(unknown_at_an_api, whoever_asked_for_success_is_told_of_what_a_look_up_finds) {
  runner_.lookup.answer = adapters::lookup_answer::accepted;
  start();
  const queue_id id = submit({"a@example.org"}, [](spool::accept_request& request) {
    request.content = std::make_shared<const std::string>(
        "From: Shop <sender@shop.example>\r\nTo: a@example.org\r\nSubject: Hello\r\n\r\nBody.\r\n");
    request.recipients[0].dsn.on_success = true;
  });
  ASSERT_EQ(in_flight_at(), "mailjet");
  answer({outcome_of(attempt_outcome::unknown, 0, "", "connection lost")});
  pass(16min);
  EXPECT_EQ(row(id).state, recipient_state::delivered);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_NE(runner_.attempts.front().what.content->find("Action: relayed"), std::string::npos);
}

TEST_F(unknown_at_an_api, without_look_ups_both_are_repeated_at_the_end_of_the_wait) {
  start();
  const queue_id id = submit_to_two();
  lose_the_reply();
  pass(23h);
  EXPECT_TRUE(runner_.attempts.empty());
  expect_both(id, recipient_state::unknown);
  pass(6h);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(runner_.attempts.front().what.recipients.size(), 2U);
}

TEST_F(unknown_at_an_api, after_a_crash_both_are_repeated_in_one_attempt) {
  runner_.lookup.answer = adapters::lookup_answer::absent;
  start();
  const queue_id id = submit_to_two();
  ASSERT_EQ(runner_.attempts.size(), 1U);
  shut_down();
  start();
  EXPECT_TRUE(runner_.attempts.empty());
  pass(2h);
  ASSERT_EQ(runner_.attempts.size(), 1U);
  EXPECT_EQ(runner_.attempts.front().what.recipients.size(), 2U);
  answer({outcome_of(attempt_outcome::delivered)});
  expect_both(id, recipient_state::delivered);
}

TEST_F(unknown_at_an_api, where_one_was_found_the_other_is_not_repeated_by_the_header) {
  start();
  const queue_id id = submit_to_two();
  lose_the_reply();
  runner_.found = {"a@example.org"};
  runner_.lookup.answer = adapters::lookup_answer::absent;
  pass(47h);
  EXPECT_EQ(row(id, 0).state, recipient_state::delivered);
  EXPECT_EQ(row(id, 1).state, recipient_state::unknown);
  EXPECT_TRUE(runner_.attempts.empty()) << "the header names both: a would get a second copy";
  pass(2h);
  EXPECT_EQ(row(id, 1).state, recipient_state::expired);
}

}  // namespace
}  // namespace stellwerk::delivery
