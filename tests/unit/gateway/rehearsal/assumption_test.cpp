#include "gateway/rehearsal/assumption.hpp"

#include <gmock/gmock.h>

#include "tests/unit/gateway/rehearsal/rehearsed_policy.hpp"

namespace stellwerk::rehearsal {
namespace {

using testing::HasSubstr;

std::string fault_of(const std::string& text) {
  const auto read = read_assumption(tree_of(text));
  return std::holds_alternative<std::string>(read) ? std::get<std::string>(read) : "";
}

TEST(assumption, every_key_is_read) {
  const auto read = read_assumption(tree_of(
      "now: 2026-03-02T09:30:00Z\n"
      "destinations: {onprem: {state: open, full: true, backlog: 7}, mailjet: {spent: 120.5}, ses: {spent: 3 EUR}}\n"
      "attempts: [{destination: onprem, outcome: deferred_recipient}]\n"
      "suppressed: [Ada@example.org]\n"));
  const auto& made = std::get<assumption>(read);
  EXPECT_EQ(made.now, parse_rfc3339("2026-03-02T09:30:00Z"));
  EXPECT_EQ(made.destinations.at("onprem").state, "open");
  EXPECT_EQ(made.destinations.at("onprem").backlog, 7);
  EXPECT_TRUE(made.destinations.at("onprem").full);
  EXPECT_FALSE(made.destinations.at("mailjet").full);
  EXPECT_EQ(made.destinations.at("mailjet").state, "closed");
  EXPECT_EQ(made.destinations.at("mailjet").spent, 120.5);
  EXPECT_EQ(made.destinations.at("ses").spent, 3);
  EXPECT_EQ(made.suppressed, std::vector<std::string>{"Ada@example.org"});
  ASSERT_EQ(made.attempts.size(), 1U);
  EXPECT_EQ(made.attempts[0].outcome, mail::attempt_outcome::deferred_recipient);
}

TEST(assumption, what_is_wrong_is_said) {
  EXPECT_THAT(fault_of("nov: 1"), HasSubstr("did you mean 'now'"));
  EXPECT_THAT(fault_of("now: yesterday"), HasSubstr("RFC 3339"));
  EXPECT_THAT(fault_of("suppressed: [nobody]"), HasSubstr("no address: 'nobody'"));
  EXPECT_THAT(fault_of("suppressed: nobody@example.org"), HasSubstr("a list of addresses"));
  EXPECT_THAT(fault_of("destinations: {onprem: {stat: open}}"), HasSubstr("did you mean 'state'"));
  EXPECT_THAT(fault_of("destinations: {onprem: open}"), HasSubstr("a map such as"));
  EXPECT_THAT(fault_of("destinations: {onprem: {backlog: many}}"), HasSubstr("onprem.backlog"));
  EXPECT_THAT(fault_of("destinations: {onprem: {full: very}}"), HasSubstr("onprem.full: true or false"));
  EXPECT_THAT(fault_of("attempts: [{destination: onprem, outcome: lost}]"), HasSubstr("unknown outcome 'lost'"));
  EXPECT_THAT(fault_of("attempts: [{outcome: unknown}]"), HasSubstr("destination is required"));
  EXPECT_EQ(fault_of("{}"), "");
}

TEST(assumption, every_state_is_known_and_no_other) {
  const auto rules = policy_of(sample_text);
  for (const char* state : {"closed", "open", "half_open", "drained", "suspended", "account_refused"}) {
    assumption assumed;
    assumed.destinations["onprem"].state = state;
    EXPECT_TRUE(std::holds_alternative<policy::assumed_live_state>(live_state_of(assumed, *rules))) << state;
  }
  assumption assumed;
  assumed.destinations["onprem"].state = "asleep";
  EXPECT_TRUE(std::holds_alternative<std::string>(live_state_of(assumed, *rules)));
  assumed.destinations = {{"nowhere", {}}};
  EXPECT_TRUE(std::holds_alternative<std::string>(live_state_of(assumed, *rules)));
}

}  // namespace
}  // namespace stellwerk::rehearsal
