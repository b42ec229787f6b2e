#include "gateway/rehearsal/replay.hpp"

#include <gmock/gmock.h>

#include "tests/unit/gateway/rehearsal/rehearsed_policy.hpp"

namespace stellwerk::rehearsal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

spool::message_row a_message() {
  spool::message_row out;
  out.accepted = *parse_rfc3339("2026-03-02T09:30:00Z");
  out.client = "shop";
  out.tenant = "acme";
  out.ingress = mail::ingress_kind::grpc;
  out.listener = "grpc";
  out.reverse_path = "bounce@shop.example";
  out.stream = mail::traffic_stream::marketing;
  out.campaign = "spring";
  out.tags = {"personal"};
  out.metadata = {{"k", "v"}};
  out.size = 4711;
  out.recipients = 2;
  out.note = {1 | 32, 99, "shop.example"};
  return out;
}

spool::recipient_row a_recipient() {
  spool::recipient_row out;
  out.address = "ann@gmail.com";
  out.state = mail::recipient_state::delivered;
  spool::attempt_row attempt;
  attempt.route = "news";
  attempt.destination = "mailjet";
  out.attempts.push_back(attempt);
  return out;
}

recorded_fact a_fact(std::string route, std::string destination,
                     mail::traffic_stream stream = mail::traffic_stream::transactional) {
  recorded_fact out;
  out.at = *parse_rfc3339("2026-03-02T09:30:00Z");
  out.stream = stream;
  out.recipient = "@example.org";
  out.reverse_path = "@shop.example";
  out.route = std::move(route);
  out.destination = std::move(destination);
  return out;
}

TEST(recorded_fact, a_line_holds_everything_and_no_address) {
  const std::string line = to_json_line(record_of(a_message(), a_recipient()));
  EXPECT_THAT(line, testing::Not(HasSubstr("ann")));
  EXPECT_THAT(line, testing::Not(HasSubstr("bounce@")));
  const auto again = parse_recorded_fact(line);
  ASSERT_TRUE(again);
  EXPECT_EQ(to_json_line(*again), line);
  EXPECT_EQ(again->recipient, "@gmail.com");
  EXPECT_EQ(again->note, a_message().note);
  EXPECT_EQ(again->metadata, a_message().metadata);
  EXPECT_EQ(again->state, "delivered");
}

TEST(recorded_fact, a_notice_keeps_what_binds_it) {
  recorded_fact fact = a_fact("all", "onprem");
  fact.is_notice = true;
  fact.bound_by = {"home"};
  const auto again = parse_recorded_fact(to_json_line(fact));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->is_notice);
  EXPECT_EQ(again->bound_by, fact.bound_by);
}

TEST(recorded_fact, a_line_of_another_kind_is_none) {
  for (const char* line :
       {"", "{", "[]", "{}", R"({"at": "yesterday"})", R"({"at": "2026-03-02T09:30:00Z", "stream": "bulk"})",
        R"({"at": "2026-03-02T09:30:00Z", "size": "big"})", R"({"at": "2026-03-02T09:30:00Z", "tags": "a"})"}) {
    EXPECT_FALSE(parse_recorded_fact(line)) << line;
  }
}

TEST(content_note, features_decide_as_the_message_did) {
  const auto content = std::make_shared<const std::string>(
      "From: a@shop.example\r\nTo: b@example.org\r\nDKIM-Signature: v=1\r\nX-A: 1\r\nX-A: 2\r\nMessage-ID: "
      "<1@x>\r\n\r\nHi\r\n");
  const auto message = *mail::analyse_message(content);
  const mail::content_note note = mail::note_content(*message, {"b@example.org"});
  EXPECT_TRUE(has(note, mail::content_bit::header_names_recipients));
  EXPECT_FALSE(has(mail::note_content(*message, {"c@example.org"}), mail::content_bit::header_names_recipients));
  EXPECT_EQ(note.header_from_domain, "shop.example");
  const mail::message_features again = features_of(note, {"@example.org"});
  EXPECT_TRUE(again.has_dkim_signature);
  EXPECT_TRUE(again.has_message_id);
  EXPECT_FALSE(again.is_smime);
  EXPECT_EQ(again.repeated_fields.size(), 1U);
  EXPECT_EQ(again.to.size(), 1U);
}

TEST(replay, against_the_record) {
  replay asked{policy_of(sample_text), nullptr};
  asked.add(a_fact("rest", "onprem"));
  asked.add(a_fact("rest", "mailjet"));
  asked.add(a_fact("all", "onprem", mail::traffic_stream::marketing));
  const replay_report& report = asked.report();
  EXPECT_EQ(report.facts, 3U);
  EXPECT_EQ(report.changed_route, 1U);
  EXPECT_EQ(report.changed_destination, 2U);
  EXPECT_THAT(report.destinations,
              ElementsAre(Pair(Pair("mailjet", "onprem"), 1U), Pair(Pair("onprem", "mailjet"), 1U)));
  EXPECT_NEAR(report.cost_before.at("EUR"), (0.02 + 0.85 + 0.02) / 1000, 1e-9);
  EXPECT_NEAR(report.cost_after.at("EUR"), (0.02 + 0.02 + 0.85) / 1000, 1e-9);
  EXPECT_EQ(report.samples.size(), 2U);
}

TEST(replay, invariants_that_stand_against_what_was_and_what_would_be) {
  recorded_fact personal = a_fact("news", "mailjet", mail::traffic_stream::marketing);
  personal.tags = {"personal"};
  replay stricter{policy_of(sample_text), nullptr};
  stricter.add(personal);
  EXPECT_THAT(stricter.report().broken_before, ElementsAre(Pair("home", 1U)));
  EXPECT_THAT(stricter.report().destinations, ElementsAre(Pair(Pair("mailjet", "onprem"), 1U)));
  replay looser{policy_of("routes: [{name: all, via: [mailjet, onprem]}]"), policy_of(sample_text)};
  looser.add(personal);
  EXPECT_THAT(looser.report().broken_after, ElementsAre(Pair("home", 1U)));
  EXPECT_TRUE(looser.report().broken_before.empty());
}

TEST(replay, a_policy_against_itself_changes_nothing) {
  const auto rules = policy_of(sample_text);
  replay asked{rules, rules};
  for (const auto stream : mail::all_traffic_streams) asked.add(a_fact("x", "y", stream));
  EXPECT_EQ(asked.report().changed_route, 0U);
  EXPECT_EQ(asked.report().changed_destination, 0U);
  EXPECT_EQ(asked.report().actions.at("deliver"), 2U);
}

TEST(replay, parts_of_a_report_add_up) {
  const auto rules = policy_of(sample_text);
  replay whole{rules, nullptr};
  replay first{rules, nullptr};
  replay second{rules, nullptr};
  for (int i = 0; i < 60; ++i) {
    const recorded_fact fact = a_fact(i % 3 == 0 ? "old" : "rest", i % 2 == 0 ? "mailjet" : "onprem");
    whole.add(fact);
    (i % 5 < 2 ? first : second).add(fact);
  }
  second.add_line("{");
  whole.add_line("{");
  replay_report merged = first.report();
  merged.merge(second.report());
  merged.samples = whole.report().samples;  // which come first is chance
  merged.cost_after = whole.report().cost_after;
  merged.cost_before = whole.report().cost_before;
  EXPECT_EQ(to_json(merged, *rules, nullptr), to_json(whole.report(), *rules, nullptr));
  EXPECT_EQ(merged.unreadable, 1U);
}

TEST(replay, conditions_that_read_what_is_not_recorded_are_named) {
  const auto rules = policy_of("routes: [{name: a, when: 'subject == \"x\"', via: onprem}, {name: b, via: onprem}]");
  EXPECT_THAT(to_json({}, *rules, nullptr), HasSubstr("\"reads_what_is_not_recorded\":[\"policy.routes[0].when\"]"));
}

}  // namespace
}  // namespace stellwerk::rehearsal
