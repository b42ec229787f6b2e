// The text of contracts section 5, to the letter.
#include "policy/explain.hpp"

#include <gtest/gtest.h>

#include "tests/unit/policy/core/sample.hpp"

namespace stellwerk::policy {
namespace {

using namespace std::chrono_literals;

TEST(explain, prints_the_decision_as_json) {
  sample_policy sample;
  route_config& route =
      sample.route("one-time-codes", a_failover({to_destination("onprem"), to_destination("mailjet")}));
  route.deadline = 60s;
  route.on_unknown = on_unknown::duplicate_is_better;
  sample.invariant("home", "\"personal\" in tags", "zone == \"on_prem\"");
  const auto rules = sample.compiled();
  sample_message message;
  message.tag("personal");
  const facts about = message.about();
  const explained_recipient one{"ann@example.org", rules->decide(about, {}, ideal_live_state{}, sample_now)};

  classification stream;
  stream.source = mail::stream_source::signal;
  stream.reason = "signals";
  stream.signals = {{"list-unsubscribe", mail::traffic_stream::marketing, 2}};
  EXPECT_EQ(
      explain_json(*rules, {"shop", "acme", {"ann@example.org"}}, stream, {&one, 1}),
      "{\"message\": {\"client\": \"shop\", \"tenant\": \"acme\", \"recipients\": [\"ann@example.org\"]}, "
      "\"stream\": \"transactional\", \"stream_source\": \"signal\", \"stream_reason\": \"signals\", "
      "\"signals\": [{\"name\": \"list-unsubscribe\", \"points_to\": \"marketing\"}], "
      "\"policy_version\": \"" +
          rules->version() +
          "\", "
          "\"decisions\": [{\"recipient\": \"ann@example.org\", \"route\": \"one-time-codes\", "
          "\"action\": \"deliver\", \"action_reason\": \"\", \"on_unknown\": \"duplicate_is_better\", "
          "\"deadline\": \"60s\", \"candidates\": ["
          "{\"destination\": \"onprem\", \"verdict\": \"chosen\", \"reason\": \"\", \"detail\": \"\", \"invariant\": "
          "\"\"}, "
          "{\"destination\": \"mailjet\", \"verdict\": \"filtered\", \"reason\": \"invariant\", \"detail\": \"\", "
          "\"invariant\": \"home\"}]}]}");
}

TEST(explain, a_relay_and_a_panic_are_in_the_detail) {
  sample_policy sample;
  sample.destination(1).relay_capabilities = mail::capabilities{};
  sample.route("all", to_destination("mailjet"));
  const auto rules = sample.compiled();
  sample_message message;
  message.header_to("list@example.org");
  sample_live_state live;
  const facts about = message.about();
  explained_recipient one{"ann@example.org", rules->decide(about, {}, live, sample_now)};
  EXPECT_NE(explain_json(*rules, {}, {}, {&one, 1}).find("\"detail\": \"by relay: envelope_differs_from_headers\""),
            std::string::npos);
  live.out(1, candidate_reason::ejected, true);
  one.made = rules->decide(about, {}, live, sample_now);
  EXPECT_NE(explain_json(*rules, {}, {}, {&one, 1}).find("\"detail\": \"panic; by relay\""), std::string::npos);
}

TEST(explain, without_a_route_the_names_are_empty) {
  sample_policy sample;
  sample.route("never", to_destination("onprem"), "false");
  const auto rules = sample.compiled();
  sample_message message;
  const explained_recipient one{"ann@example.org", rules->decide(message.about(), {}, ideal_live_state{}, sample_now)};
  const std::string text = explain_json(*rules, {}, {}, {&one, 1});
  EXPECT_NE(text.find("\"route\": \"\", \"action\": \"hold\", \"action_reason\": \"no_route\""), std::string::npos)
      << text;
}

TEST(assumed_live_state, sets_each_state_by_name) {
  sample_policy sample;
  sample.route("all", a_failover({to_destination("onprem"), to_destination("mailjet")}));
  const auto rules = sample.compiled();
  sample_message message;
  const std::vector<std::pair<std::string, candidate_reason>> rows{
      {"closed", candidate_reason::none},         {"half_open", candidate_reason::none},
      {"open", candidate_reason::ejected},        {"drained", candidate_reason::drained},
      {"suspended", candidate_reason::suspended}, {"account_refused", candidate_reason::account_refused}};
  for (const auto& [state, reason] : rows) {
    assumed_live_state live{*rules};
    ASSERT_TRUE(live.assume(*rules, "onprem", {state, 7, 1.5}));
    EXPECT_EQ(live.destination(0, mail::traffic_stream::transactional).unavailable, reason) << state;
    EXPECT_EQ(live.destination(0, mail::traffic_stream::transactional).backlog, 7);
    EXPECT_EQ(live.destination(1, mail::traffic_stream::transactional).unavailable, candidate_reason::none);
    EXPECT_EQ(summary(*rules, rules->decide(message.about(), {}, live, sample_now)),
              reason == candidate_reason::none ? "onprem" : "mailjet");
  }
  assumed_live_state live{*rules};
  EXPECT_FALSE(live.assume(*rules, "nowhere", {}));
  EXPECT_FALSE(live.assume(*rules, "onprem", {"broken", 0, 0}));
}

}  // namespace
}  // namespace stellwerk::policy
