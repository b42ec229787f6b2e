// What a policy says that can never happen, and what is left alone because it can.
#include <gmock/gmock.h>

#include "tests/unit/policy/core/sample.hpp"

namespace stellwerk::policy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class lint_test : public ::testing::Test {
 protected:
  lint_test() { policy_.destinations({an_mta("onprem"), an_esp("mailjet"), an_esp("ses", "us")}); }

  std::vector<policy_finding> findings(const std::vector<known_client>& clients = {}) {
    const auto rules = policy_.compiled();
    EXPECT_NE(rules, nullptr);
    return rules ? rules->lint(clients) : std::vector<policy_finding>{};
  }
  // The only finding.
  policy_finding finding(const std::vector<known_client>& clients = {}) {
    const auto all = findings(clients);
    EXPECT_THAT(all, SizeIs(1));
    return all.empty() ? policy_finding{} : all.front();
  }
  void rest() { policy_.route("rest", to_destination("onprem")); }

  sample_policy policy_;
};

TEST_F(lint_test, a_sound_policy_has_no_findings) {
  policy_.invariant("home", "\"personal\" in tags", "zone == \"on_prem\"");
  policy_.route("codes", a_failover({to_destination("onprem"), to_destination("mailjet")}), "\"otp\" in tags");
  policy_.route("news", a_failover({to_destination("mailjet"), to_destination("onprem")}), "stream == \"marketing\"");
  rest();
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(lint_test, nothing_follows_a_route_without_a_condition) {
  rest();
  policy_.route("late", to_destination("mailjet"), "size > 10");
  const auto found = finding();
  EXPECT_EQ(found.weight, policy_finding::severity::fault);
  EXPECT_EQ(found.path, "policy.routes[1].when");
  EXPECT_THAT(found.reason, HasSubstr("never reached"));
  EXPECT_THAT(found.reason, HasSubstr("'rest'"));
}

TEST_F(lint_test, two_routes_may_take_all_there_is_between_them) {
  policy_.route("news", to_destination("mailjet"), "stream == \"marketing\"");
  policy_.route("rest-of-it", to_destination("onprem"), "stream != \"marketing\" || size > 5");
  policy_.route("nobody", to_destination("ses"), "\"x\" in tags");
  EXPECT_THAT(finding().reason, HasSubstr("'news', 'rest-of-it'"));
}

TEST_F(lint_test, a_condition_that_is_never_true) {
  for (const char* never : {"false", "stream == \"marketing\" && stream == \"transactional\"", "\"x\" in tags && false",
                            "stream == \"bulk\"", "1 > 2 || ingress == \"http\""}) {
    sample_policy one;
    one.destinations({an_mta("onprem")});
    one.route("never", to_destination("onprem"), never);
    one.route("rest", to_destination("onprem"));
    const auto rules = one.compiled();
    ASSERT_NE(rules, nullptr);
    const auto found = rules->lint({});
    ASSERT_THAT(found, SizeIs(1)) << never;
    EXPECT_EQ(found[0].reason, "is never true");
    EXPECT_EQ(found[0].path, "policy.routes[0].when");
  }
}

TEST_F(lint_test, what_depends_on_the_message_is_left_alone) {
  for (const char* perhaps :
       {"size > 10 && size < 5", "available(\"onprem\")", "header[\"x\"] == \"1\"", "recipients > 0",
        "tags.exists(t, t == \"a\")", "recipient.domain == \"x.example\" || false"}) {
    sample_policy one;
    one.destinations({an_mta("onprem")});
    one.route("perhaps", to_destination("onprem"), perhaps);
    one.route("rest", to_destination("onprem"));
    EXPECT_THAT(one.compiled()->lint({}), IsEmpty()) << perhaps;
  }
}

TEST_F(lint_test, the_same_condition_twice_however_it_is_spaced) {
  policy_.route("a", to_destination("mailjet"), "\"a b\" in tags  &&  size>10");
  policy_.route("b", to_destination("onprem"), "\"a b\" in tags && size > 10");
  policy_.route("c", to_destination("onprem"), "\"a  b\" in tags && size > 10");
  rest();
  const auto found = finding();
  EXPECT_EQ(found.path, "policy.routes[1].when");
  EXPECT_THAT(found.reason, HasSubstr("'a' before it has the same condition"));
}

TEST_F(lint_test, classify_rules_are_an_ordered_list_too) {
  policy_.rule("all", "size >= 0 || true", mail::traffic_stream::marketing);
  policy_.rule("late", "recipients > 20", mail::traffic_stream::marketing);
  rest();
  EXPECT_EQ(finding().path, "policy.classify.rules[1].when");
}

TEST_F(lint_test, mail_that_may_match_no_route) {
  policy_.route("news", to_destination("mailjet"), "stream == \"marketing\"");
  policy_.route("codes", to_destination("onprem"), "\"otp\" in tags");
  const auto found = finding();
  EXPECT_EQ(found.weight, policy_finding::severity::warning);
  EXPECT_EQ(found.path, "policy.routes");
  EXPECT_THAT(found.reason, HasSubstr("stream transactional"));
}

TEST_F(lint_test, clients_that_are_known_are_all_there_is) {
  policy_.route("a", to_destination("mailjet"), "client == \"shop\"");
  policy_.route("b", to_destination("onprem"), "client == \"crm\"");
  EXPECT_THAT(findings({{"shop", "acme"}, {"crm", "acme"}}), IsEmpty());
  EXPECT_THAT(finding({{"shop", "acme"}, {"crm", "acme"}, {"wiki", "acme"}}).reason, HasSubstr("client wiki"));
  policy_.route("c", to_destination("onprem"), "tenant == \"acmee\"");
  const auto found = findings({{"shop", "acme"}, {"crm", "acme"}});
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].reason, "is never true");
}

TEST_F(lint_test, an_invariant_no_destination_meets) {
  policy_.invariant("signed-only", "", "labels[\"dpa\"] == \"signed\"");
  rest();
  const auto found = finding();
  EXPECT_EQ(found.weight, policy_finding::severity::fault);
  EXPECT_EQ(found.path, "policy.invariants[0].only");
  EXPECT_THAT(found.reason, HasSubstr("no destination meets it"));
}

TEST_F(lint_test, a_label_that_one_destination_has_is_enough) {
  policy_.destination(1).labels["dpa"] = "signed";
  policy_.invariant("signed-only", "\"personal\" in tags", "labels[\"dpa\"] == \"signed\"");
  policy_.route("rest", a_failover({to_destination("onprem"), to_destination("mailjet")}));
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(lint_test, an_invariant_that_never_applies) {
  policy_.invariant("typo", "stream == \"news\"", "zone == \"eu\"");
  rest();
  EXPECT_THAT(finding().reason, HasSubstr("protects nothing"));
}

TEST_F(lint_test, a_route_that_an_invariant_leaves_nothing_of) {
  policy_.invariant("eu", "", "zone != \"us\"");
  policy_.route("abroad", to_destination("ses"), "\"us\" in tags");
  rest();
  const auto found = finding();
  EXPECT_EQ(found.weight, policy_finding::severity::fault);
  EXPECT_EQ(found.path, "policy.routes[0].via");
  EXPECT_THAT(found.reason, HasSubstr("'eu' allows none"));
}

TEST_F(lint_test, a_route_that_an_invariant_leaves_nothing_of_for_some_mail) {
  policy_.invariant("home", "\"personal\" in tags", "zone == \"on_prem\"");
  policy_.route("news", a_failover({to_destination("mailjet"), to_destination("ses")}), "stream == \"marketing\"");
  rest();
  const auto found = finding();
  EXPECT_EQ(found.weight, policy_finding::severity::warning);
  EXPECT_EQ(found.path, "policy.routes[0].via");
}

TEST_F(lint_test, an_invariant_for_other_mail_does_not_matter) {
  policy_.invariant("codes-at-home", "stream == \"transactional\"", "zone == \"on_prem\"");
  policy_.route("news", to_destination("mailjet"), "stream == \"marketing\"");
  rest();
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(lint_test, a_split_may_go_where_it_has_weight) {
  policy_.invariant("eu", "", "zone != \"us\"");
  policy_.route("split", a_split({{"ses", 1}, {"mailjet", 0}}));
  EXPECT_THAT(finding().path, "policy.routes[0].via");
}

}  // namespace
}  // namespace stellwerk::policy
