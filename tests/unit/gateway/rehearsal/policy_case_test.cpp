#include "gateway/rehearsal/policy_case.hpp"

#include <gmock/gmock.h>

#include "tests/unit/gateway/rehearsal/rehearsed_policy.hpp"

namespace stellwerk::rehearsal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class policy_case : public ::testing::Test {
 protected:
  std::string run(const std::string& text) {
    const case_environment environment{settings_, read_, controls_, "/cases"};
    return run_case(tree_of(text), environment, coverage_);
  }

  config::gateway_config settings_ = sample_settings();
  std::function<std::optional<std::string>(const std::string&)> read_ =
      [](const std::string& path) -> std::optional<std::string> {
    if (path == "/cases/news.eml") return "From: a@shop.example\nTo: b@example.org\nSubject: News\n\nHello\n";
    if (path == "/cases/facts.json") return R"({"stream": "marketing", "tags": ["personal"]})";
    return std::nullopt;
  };
  control_reader controls_ = [](const auto&, const auto&, time_point, mail::submission&) { return std::nullopt; };
  rule_coverage coverage_{*settings_.policy};
};

TEST_F(policy_case, a_message_facts_or_a_file_of_either) {
  EXPECT_EQ(run("{message: news.eml, expect: {route: rest, chosen: onprem}}"), "");
  EXPECT_EQ(run("{content: \"From: a@b.example\\nTo: c@d.example\\n\\nx\\n\", expect: {route: rest}}"), "");
  EXPECT_EQ(run("{facts: {stream: marketing}, expect: {stream: marketing, route: news, chosen: mailjet, candidates: "
                "[mailjet, onprem]}}"),
            "");
  EXPECT_EQ(run("{facts: facts.json, expect: {route: news, chosen: onprem}}"), "");
  EXPECT_THAT(run("{message: none.eml, expect: {route: rest}}"), HasSubstr("cannot be read"));
  EXPECT_THAT(run("{expect: {route: rest}}"), HasSubstr("needs one of"));
  EXPECT_THAT(run("{message: news.eml, facts: {}, expect: {route: rest}}"), HasSubstr("needs one of"));
}

TEST_F(policy_case, facts_are_classified_unless_they_name_the_stream) {
  EXPECT_EQ(run("{facts: {recipients: 30}, expect: {stream: marketing, stream_source: rule, rule: bulk}}"), "");
  EXPECT_EQ(run("{facts: {recipients: 30, stream: transactional}, expect: {stream: transactional, rule: ''}}"), "");
}

TEST_F(policy_case, every_fact_reaches_the_conditions) {
  EXPECT_EQ(run("{facts: {stream: transactional, attempt: 3, age: 2h}, expect: {route: late}}"), "");
  EXPECT_EQ(run("{facts: {stream: transactional, attempt: 3, age: 30m}, expect: {route: rest}}"), "");
  const auto kept = settings_.policy;  // the coverage is of this one
  settings_.policy = policy_of(
      "routes:\n"
      "  - {name: all, when: 'client == \"x\" && tenant == \"t\" && ingress == \"grpc\" && listener == \"l\" && "
      "reverse_path == \"r@a.example\" && header_from == "
      "\"f@b.example\" && subject == \"s\" && campaign == \"c\" && template == \"p\" && message_id == \"m@x\" && "
      "header[\"x-a\"] == \"1\" && "
      "size(headers[\"x-b\"]) == 2 && \"t1\" in tags && metadata[\"k\"] == \"v\" && size == 5000 && recipients == 2 && "
      "recipient.domain == \"gmail.com\" && "
      "mailbox_provider == \"google\" && now == timestamp(\"2026-01-02T03:04:05Z\")', via: onprem}\n"
      "  - {name: none, via: onprem}\n");
  EXPECT_EQ(run("{facts: {stream: marketing, client: x, tenant: t, ingress: grpc, listener: l, reverse_path: "
                "r@a.example, header_from: f@b.example, subject: s, "
                "campaign: c, template: p, message_id: m@x, header: {x-a: '1'}, headers: {x-b: ['1', '2']}, tags: "
                "[t1], metadata: {k: v}, size: 5000, recipients: 2, "
                "recipient: a@gmail.com, now: '2026-01-02T03:04:05Z'}, expect: {route: all}}"),
            "");
}

TEST_F(policy_case, every_difference_is_told) {
  const std::string said = run("{facts: {stream: marketing}, expect: {route: rest, chosen: onprem, action: hold}}");
  EXPECT_THAT(said, HasSubstr("route: expected 'rest', is 'news'"));
  EXPECT_THAT(said, HasSubstr("chosen: expected 'onprem', is 'mailjet'"));
  EXPECT_THAT(said, HasSubstr("action: expected 'hold', is 'deliver'"));
}

TEST_F(policy_case, candidates_with_verdict_and_reason) {
  const std::string assume = "assume: {destinations: {mailjet: {state: open}}}, ";
  EXPECT_EQ(run("{facts: {stream: marketing}, " + assume +
                "expect: {chosen: onprem, candidates: [{destination: mailjet, verdict: unavailable, reason: ejected}, "
                "onprem]}}"),
            "");
  EXPECT_EQ(run("{facts: {stream: marketing, tags: [personal]}, expect: {candidates: [{destination: mailjet, verdict: "
                "filtered, invariant: home}, "
                "{destination: onprem, verdict: chosen, reason: ''}]}}"),
            "");
  EXPECT_THAT(
      run("{facts: {stream: marketing}, expect: {candidates: [{destination: mailjet, verdict: filtered}, onprem]}}"),
      HasSubstr("candidates[0]: verdict: expected 'filtered', is 'chosen'"));
  EXPECT_THAT(run("{facts: {stream: marketing}, expect: {candidates: [mailjet]}}"), HasSubstr("[mailjet, onprem]"));
  EXPECT_THAT(run("{facts: {stream: marketing}, expect: {candidates: [{dest: mailjet}, onprem]}}"),
              HasSubstr("unknown key 'dest'"));
}

TEST_F(policy_case, several_recipients_each_by_its_address) {
  const std::string message = "content: \"From: a@b.example\\nTo: c@d.example, e@f.example\\n\\nx\\n\", ";
  EXPECT_EQ(run("{" + message +
                "expect: {recipients: {c@d.example: {route: rest}, e@f.example: {chosen: onprem, on_unknown: hold}}}}"),
            "");
  EXPECT_THAT(run("{" + message + "expect: {recipients: {x@y.example: {route: rest}}}}"), HasSubstr("is no recipient"));
  EXPECT_THAT(run("{" + message + "expect: {recipients: {e@f.example: {route: news}}}}"),
              HasSubstr("e@f.example: route"));
}

TEST_F(policy_case, what_cannot_be_meant_is_a_failure) {
  EXPECT_THAT(run("{facts: {stream: marketing}}"), HasSubstr("expects nothing"));
  EXPECT_THAT(run("{facts: {strem: marketing}, expect: {route: news}}"), HasSubstr("did you mean 'stream'"));
  EXPECT_THAT(run("{facts: {stream: bulk}, expect: {route: news}}"), HasSubstr("facts.stream"));
  EXPECT_THAT(run("{facts: {age: long}, expect: {route: news}}"), HasSubstr("facts.age"));
  EXPECT_THAT(run("{facts: {stream: marketing}, expect: {rout: news}}"), HasSubstr("did you mean 'route'"));
  EXPECT_THAT(run("{facts: {stream: marketing}, expext: {route: news}}"), HasSubstr("did you mean 'expect'"));
  EXPECT_THAT(run("{facts: {stream: marketing}, assume: {destinations: {x: {state: open}}}, expect: {route: news}}"),
              HasSubstr("no destination or state"));
}

TEST_F(policy_case, coverage_is_of_rules_invariants_and_routes) {
  EXPECT_EQ(coverage_.share(), 0);
  run("{facts: {stream: marketing, tags: [personal]}, expect: {route: news}}");
  const auto parts = coverage_.parts();
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_THAT(parts[0].missing, ElementsAre("bulk"));
  EXPECT_THAT(parts[1].missing, IsEmpty());
  EXPECT_THAT(parts[2].missing, ElementsAre("late", "rest"));
  EXPECT_EQ(coverage_.share(), 2.0 / 5);
  run("{facts: {recipients: 30}, expect: {route: news}}");
  run("{facts: {stream: transactional}, expect: {route: rest}}");
  run("{facts: {stream: transactional, attempt: 3, age: 2h}, expect: {route: late}}");
  EXPECT_EQ(coverage_.share(), 1);
}

}  // namespace
}  // namespace stellwerk::rehearsal
