// Rows of the store as messages of the wire.
#include "gateway/wire/row_mapping.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace stellwerk::wire {
namespace {

namespace v1 = stellwerk::v1;
constexpr time_point at{std::chrono::milliseconds{1'700'000'000'250}};

TEST(row_mapping, every_state_has_the_name_of_the_wire) {
  for (const mail::recipient_state state : mail::all_recipient_states) {
    const std::string name = v1::RecipientState::State_Name(to_wire(state));
    EXPECT_EQ(ascii_lower(name), "state_" + std::string{to_string(state)});
  }
  EXPECT_EQ(static_cast<int>(mail::all_recipient_states.size()) + 1, v1::RecipientState::State_ARRAYSIZE);
}

TEST(row_mapping, every_stream_has_the_name_of_the_wire) {
  for (const mail::traffic_stream stream : mail::all_traffic_streams)
    EXPECT_EQ(ascii_lower(v1::TrafficStream_Name(to_wire(stream))), "traffic_stream_" + std::string{to_string(stream)});
}

TEST(row_mapping, times_keep_their_milliseconds_also_before_the_epoch) {
  google::protobuf::Timestamp wire;
  set_time(wire, at);
  EXPECT_EQ(wire.seconds(), 1'700'000'000);
  EXPECT_EQ(wire.nanos(), 250'000'000);
  set_time(wire, time_point{std::chrono::milliseconds{-1}});
  EXPECT_EQ(wire.seconds(), -1);
  EXPECT_EQ(wire.nanos(), 999'000'000);
}

TEST(row_mapping, a_recipient_shows_its_attempts_and_when_it_goes_on) {
  spool::recipient_row row;
  row.address = "anna@example.org";
  row.state = mail::recipient_state::deferred;
  row.reason = "greylisted";
  row.enhanced_status = "4.2.0";
  row.due = at;
  spool::attempt_row attempt;
  attempt.attempt_id = "a1";
  attempt.destination = "onprem";
  attempt.outcome = mail::attempt_outcome::deferred_recipient;
  attempt.reply = "450 later";
  attempt.passed_over = "mailjet: ejected";
  attempt.started = at - std::chrono::seconds{1};
  attempt.ended = at;
  row.attempts.push_back(attempt);
  v1::RecipientState shown;
  fill(shown, row);
  EXPECT_EQ(shown.state(), v1::RecipientState::STATE_DEFERRED);
  EXPECT_EQ(shown.next_attempt_time().seconds(), 1'700'000'000);
  ASSERT_EQ(shown.attempts_size(), 1);
  EXPECT_EQ(shown.attempts(0).outcome(), "deferred_recipient");
  EXPECT_EQ(shown.attempts(0).passed_over(), "mailjet: ejected");
  EXPECT_EQ(shown.attempts(0).start_time().seconds(), 1'699'999'999);
  for (const auto state :
       {mail::recipient_state::held, mail::recipient_state::attempting, mail::recipient_state::delivered}) {
    row.state = state;
    v1::RecipientState other;
    fill(other, row);
    EXPECT_FALSE(other.has_next_attempt_time()) << to_string(state);
  }
}

}  // namespace
}  // namespace stellwerk::wire
