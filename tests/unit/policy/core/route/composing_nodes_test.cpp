// The nodes that compose others, with fake children: cheapest, spill, warmup, shadow, discard, switch.
#include <memory>

#include <gtest/gtest.h>

#include "policy/route/cheapest_node.hpp"
#include "policy/route/discard_node.hpp"
#include "policy/route/shadow_node.hpp"
#include "policy/route/spill_node.hpp"
#include "policy/route/split_node.hpp"
#include "policy/route/switch_node.hpp"
#include "policy/route/warmup_node.hpp"
#include "tests/unit/policy/core/sample.hpp"

namespace stellwerk::policy {
namespace {

// Offers what it was given, in that order.
class fake_node final : public route_node {
 public:
  explicit fake_node(std::vector<std::uint16_t> offers) : offers_{std::move(offers)} {}
  void propose(const facts&, const history&, const live_state&, time_point, proposal& out) const override {
    for (const std::uint16_t one : offers_) out.offer(one);
  }
  void describe(std::string& out) const override { out += "fake"; }

 private:
  std::vector<std::uint16_t> offers_;
};

class composing_nodes_test : public ::testing::Test {
 protected:
  proposal ask(const route_node& node, const std::string& recipient = "ann@example.org") {
    proposal out;
    node.propose(message_.to(recipient).about(), past_, live_, sample_now, out);
    return out;
  }
  static std::vector<int> order(const proposal& from) {
    std::vector<int> out;
    for (const candidate& one : from.candidates()) out.push_back(one.destination);
    return out;
  }
  static route_node_ptr fake(std::vector<std::uint16_t> offers) {
    return std::make_unique<fake_node>(std::move(offers));
  }
  static std::string text_of(const route_node& node) {
    std::string out;
    node.describe(out);
    return out;
  }

  sample_message message_;
  history past_;
  sample_live_state live_;
};

TEST_F(composing_nodes_test, cheapest_puts_the_lowest_price_first_and_keeps_the_order_of_equals) {
  std::vector<route_node_ptr> children;
  children.push_back(fake({0, 1}));
  children.push_back(fake({2, 3}));
  const cheapest_node node{std::move(children), {0.85, 0.10, 0.02, 0.10}};
  EXPECT_EQ(order(ask(node)), (std::vector<int>{2, 1, 3, 0}));
  EXPECT_EQ(text_of(node), "cheapest(fake, fake)");
}

TEST_F(composing_nodes_test, cheapest_moves_nothing_that_stood_before_it) {
  std::vector<route_node_ptr> children;
  children.push_back(fake({0, 1}));
  const cheapest_node node{std::move(children), {5, 1, 9}};
  proposal out;
  out.offer(2);
  node.propose(message_.about(), past_, live_, sample_now, out);
  EXPECT_EQ(order(out), (std::vector<int>{2, 1, 0}));
}

TEST_F(composing_nodes_test, spill_marks_what_is_beyond_a_threshold) {
  const spill_node node{{100, std::chrono::minutes{5}}, fake({0, 1, 2})};
  live_.destinations[0].backlog = 100;
  live_.destinations[1].backlog = 101;
  live_.destinations[2].waited = std::chrono::minutes{6};
  const auto made = ask(node);
  EXPECT_FALSE(made.candidates()[0].overflows) << "the threshold itself is still within";
  EXPECT_TRUE(made.candidates()[1].overflows);
  EXPECT_TRUE(made.candidates()[2].overflows);
  EXPECT_EQ(text_of(node), "spill(backlog 100, waited 300s, fake)");
}

TEST_F(composing_nodes_test, spill_says_nothing_about_what_stands_outside) {
  const spill_node node{{1, {}}, fake({0})};
  live_.destinations[1].backlog = 50;
  proposal out;
  node.propose(message_.about(), past_, live_, sample_now, out);
  out.offer(1);
  EXPECT_FALSE(out.candidates()[1].overflows);
}

TEST_F(composing_nodes_test, warmup_sends_its_surplus_on) {
  limit_config schedule;
  schedule.warmup = warmup_config{std::chrono::sys_days{std::chrono::year{2026} / 12 / 1}, {200, 400}};
  const warmup_node node{3, schedule, fake({1})};
  EXPECT_EQ(ask(node).candidates()[0].limits, std::vector<std::uint16_t>{3});
  live_.full_limits[3] = true;
  const auto made = ask(node);
  EXPECT_EQ(made.candidates()[0].verdict, verdict::unavailable);
  EXPECT_EQ(made.candidates()[0].reason, candidate_reason::quota);
  EXPECT_EQ(text_of(node), "warmup(from 2026-12-01 200 400, fake)");
}

TEST_F(composing_nodes_test, shadow_names_the_copy_in_everything_below_it) {
  const shadow_node node{2, "trial", 1, fake({0, 1})};
  proposal out;
  node.propose(message_.about(), past_, live_, sample_now, out);
  out.offer(3);
  EXPECT_EQ(order(out), (std::vector<int>{0, 1, 3})) << "it proposes nothing itself";
  EXPECT_EQ(out.candidates()[0].shadows, std::vector<std::uint16_t>{2});
  EXPECT_EQ(out.candidates()[1].shadows, std::vector<std::uint16_t>{2});
  EXPECT_TRUE(out.candidates()[2].shadows.empty());
  EXPECT_EQ(text_of(node), "shadow(trial 100%, fake)");
}

TEST_F(composing_nodes_test, shadow_copies_a_share_and_always_the_same_recipients) {
  const shadow_node node{2, "trial", 0.25, fake({0})};
  const message_facts& shared = message_.message();
  const auto copied = [&](const std::string& recipient) {
    proposal out;
    node.propose(make_facts(shared, mail::traffic_stream::marketing, recipient), past_, live_, sample_now, out);
    return !out.candidates()[0].shadows.empty();
  };
  int copies = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string recipient = "user" + std::to_string(i) + "@example.org";
    copies += copied(recipient) ? 1 : 0;
    EXPECT_EQ(copied(recipient), copied("USER" + std::to_string(i) + "@example.org"));
  }
  EXPECT_NEAR(copies, 1000, 120);
}

TEST_F(composing_nodes_test, discard_ends_with_its_reason) {
  const discard_node node{"nobody reads it"};
  const auto made = ask(node);
  EXPECT_TRUE(made.candidates().empty());
  EXPECT_EQ(made.end(), proposal::ending::discard);
  EXPECT_EQ(made.text(), "nobody reads it");
  EXPECT_EQ(text_of(node), "discard(\"nobody reads it\")");
}

TEST_F(composing_nodes_test, switch_takes_the_first_case_that_says_yes) {
  const std::vector<destination_traits> destinations{an_mta("onprem"), an_esp("mailjet")};
  std::vector<switch_node::branch> branches;
  std::uint16_t next = 0;
  for (const char* source : {R"("otp" in tags)", R"(metadata["x"].size() > 1 && headers["none"][0] == "a")",
                             R"(recipient.domain == "example.net")"}) {
    auto compiled = condition::compile(source, "case", condition_use::route, destinations);
    ASSERT_TRUE(std::holds_alternative<std::unique_ptr<const condition>>(compiled)) << source;
    branches.push_back({std::move(std::get<std::unique_ptr<const condition>>(compiled)), source, fake({next++})});
  }
  const switch_node node{std::move(branches), fake({9}), destinations};
  EXPECT_EQ(order(ask(node)), (std::vector<int>{9}));
  EXPECT_EQ(order(ask(node, "ann@example.net")), (std::vector<int>{2}));
  message_.meta("x", "long");
  EXPECT_EQ(order(ask(node)), (std::vector<int>{9})) << "what cannot be evaluated does not match";
  message_.tag("otp");
  EXPECT_EQ(order(ask(node, "ann@example.net")), (std::vector<int>{0}));
  EXPECT_TRUE(text_of(node).starts_with(R"(switch("\"otp\" in tags": fake, )"));
  EXPECT_TRUE(text_of(node).ends_with("otherwise: fake)"));
}

// ---- in a policy ----

class composed_policy_test : public ::testing::Test {
 protected:
  static node_config over(node_config::kind what, std::vector<node_config> below) {
    node_config out;
    out.what = what;
    out.path = "via";
    for (std::size_t i = 0; i < below.size(); ++i) below[i].path = "via[" + std::to_string(i) + "]";
    out.children = std::move(below);
    return out;
  }
  static node_config a_shadow(std::string to, node_config below) {
    node_config out = over(node_config::kind::shadow, {std::move(below)});
    out.name = std::move(to);
    return out;
  }
  std::string reason_at(const std::string& path) {
    for (const policy_fault& one : sample_.faults()) {
      if (one.path == path) return one.reason;
    }
    return "";
  }

  sample_policy sample_;
  sample_message message_;
  sample_live_state live_;
};

TEST_F(composed_policy_test, cheapest_needs_prices_in_one_currency) {
  sample_.route("a", over(node_config::kind::cheapest, {to_destination("onprem"), to_destination("mailjet")}));
  EXPECT_NE(reason_at("via[0]").find("cost_per_thousand"), std::string::npos);
  sample_.destination(0).cost_per_thousand = money{0.02, "USD"};
  EXPECT_NE(reason_at("via[1]").find("USD"), std::string::npos);
  sample_.destination(0).cost_per_thousand = money{0.02, "EUR"};
  const auto rules = sample_.compiled();
  EXPECT_EQ(summary(*rules, rules->decide(message_.accepted(true).about(), {}, live_, sample_now)), "onprem");
  live_.out(0, candidate_reason::ejected);
  EXPECT_EQ(summary(*rules, rules->decide(message_.about(), {}, live_, sample_now)), "mailjet");
}

TEST_F(composed_policy_test, spill_sends_on_only_what_finds_no_room) {
  node_config spill = over(node_config::kind::spill, {to_destination("onprem")});
  spill.spill.backlog = 10;
  sample_.route("a", a_failover({spill, to_destination("mailjet")}));
  const auto rules = sample_.compiled();
  ASSERT_TRUE(rules->spill_of(0));
  EXPECT_FALSE(rules->spill_of(1));
  const facts about = message_.accepted(true).about();
  const auto way = [&] { return summary(*rules, rules->decide(about, {}, live_, sample_now)); };
  live_.destinations[0].full = true;
  EXPECT_EQ(way(), "onprem") << "within the threshold it waits for room there";
  live_.destinations[0].backlog = 11;
  EXPECT_EQ(way(), "mailjet");
  live_.destinations[0].full = false;
  EXPECT_EQ(way(), "onprem") << "what fits goes on leaving there";
  live_.destinations[0].unavailable = candidate_reason::throttled;
  EXPECT_EQ(way(), "mailjet");
  live_.destinations[0].backlog = 10;
  EXPECT_EQ(way(), "wait:no_destination_available");
}

TEST_F(composed_policy_test, a_shadow_is_bound_by_invariants_and_needs_a_sandbox) {
  sample_.route("a", a_shadow("ses", to_destination("onprem")));
  EXPECT_NE(reason_at("via").find("sandbox"), std::string::npos);
  sample_.destination(2).can_sandbox = true;
  sample_.invariant("not-us", "\"personal\" in tags", "zone != \"us\"");
  const auto rules = sample_.compiled();
  const decision free = rules->decide(message_.accepted(true).about(), {}, live_, sample_now);
  ASSERT_EQ(free.shadows.size(), 1U);
  EXPECT_EQ(free.shadows[0].verdict, verdict::standby);
  const decision bound = rules->decide(message_.tag("personal").about(), {}, live_, sample_now);
  EXPECT_EQ(summary(*rules, bound), "onprem");
  ASSERT_EQ(bound.shadows.size(), 1U);
  EXPECT_EQ(bound.shadows[0].verdict, verdict::filtered);
  EXPECT_EQ(bound.shadows[0].invariant, "not-us");
}

TEST_F(composed_policy_test, a_copy_goes_to_its_sandbox_or_nowhere) {
  sample_.route("a", to_destination("onprem"));
  sample_.destination(1).can_sandbox = true;
  const auto rules = sample_.compiled();
  facts about = message_.accepted(true).about();
  message_facts copy = *about.message;
  copy.shadow_destination = "mailjet";
  about.message = &copy;
  EXPECT_EQ(summary(*rules, rules->decide(about, {}, live_, sample_now)), "mailjet");
  copy.shadow_destination = "onprem";
  EXPECT_EQ(rules->decide(about, {}, live_, sample_now).action, action::discard) << "SMTP would deliver it";
  copy.shadow_destination = "gone";
  EXPECT_EQ(rules->decide(about, {}, live_, sample_now).action, action::discard);
}

TEST_F(composed_policy_test, discard_stands_alone_and_looks_at_no_moment) {
  node_config discard = to_destination("junk");
  discard.what = node_config::kind::discard;
  sample_.route("a", discard, "subject == \"Hello\"");
  const auto rules = sample_.compiled();
  const decision made = rules->decide(message_.accepted(true).about(), {}, live_, sample_now);
  EXPECT_EQ(made.action, action::discard);
  EXPECT_EQ(made.action_reason, "junk");
  EXPECT_TRUE(rules->preflight(message_.accepted(false).about()).accepted);
  sample_.route("b", a_failover({to_destination("onprem"), discard}));
  EXPECT_NE(reason_at("via[1]").find("throw away"), std::string::npos);
  sample_.config().routes.pop_back();
  sample_.route("c", discard, "attempt > 2");
  EXPECT_NE(reason_at("policy.routes[1].when"), "");
}

TEST_F(composed_policy_test, what_is_wrong_with_a_node_is_said) {
  node_config spill = over(node_config::kind::spill, {to_destination("onprem")});
  sample_.route("a", spill);
  EXPECT_NE(reason_at("via").find("backlog"), std::string::npos);
  sample_.config().routes.clear();
  sample_.route("b", over(node_config::kind::warmup, {to_destination("onprem")}));
  EXPECT_NE(reason_at("via").find("daily"), std::string::npos);
  sample_.config().routes.clear();
  node_config by = over(node_config::kind::switch_by, {to_destination("onprem"), a_hold("x")});
  by.conditions = {"available(\"onprm\")"};
  sample_.route("c", by);
  EXPECT_NE(reason_at("via.switch[0].when").find("did you mean 'onprem'"), std::string::npos);
  by.conditions = {"true"};
  by.children[0] = a_hold("y");
  sample_.config().routes.clear();
  sample_.route("d", a_failover({by, to_destination("mailjet")}));
  EXPECT_NE(reason_at("via[1]").find("never reached"), std::string::npos) << "both branches end the route";
}

TEST_F(composed_policy_test, a_standby_with_a_full_backlog_takes_only_its_own_mail) {
  sample_.route("to-mailjet", to_destination("mailjet"), "\"own\" in tags");
  sample_.route("rest", a_failover({to_destination("onprem"), to_destination("mailjet"), to_destination("ses")}));
  sample_.destination(1).backlog_max = 100;
  const auto rules = sample_.compiled();
  live_.out(0, candidate_reason::ejected);
  live_.destinations[1].backlog = 100;
  EXPECT_EQ(summary(*rules, rules->decide(message_.accepted(true).about(), {}, live_, sample_now)),
            "wait:no_destination_available");
  EXPECT_EQ(summary(*rules, rules->decide(message_.tag("own").about(), {}, live_, sample_now)), "mailjet");
}

TEST_F(composed_policy_test, a_member_drained_by_a_split_serves_where_it_is_named_again) {
  sample_.route("a", a_failover({a_split({{"mailjet", 1}, {"ses", 0}}), to_destination("ses")}));
  const auto rules = sample_.compiled();
  live_.out(1, candidate_reason::ejected);
  EXPECT_EQ(summary(*rules, rules->decide(message_.accepted(true).about(), {}, live_, sample_now)), "ses");
}

TEST_F(composed_policy_test, senders_of_a_destination_are_an_invariant) {
  sample_.route("a", a_failover({to_destination("mailjet"), to_destination("onprem")}));
  sample_.destination(1).senders = {"@other.example"};
  const auto rules = sample_.compiled();
  const decision made = rules->decide(message_.accepted(true).about(), {}, live_, sample_now);
  EXPECT_EQ(summary(*rules, made), "onprem");
  EXPECT_EQ(made.candidates[0].invariant, "sender_alignment");
  EXPECT_EQ(made.candidates[0].detail, "header_from shop.example");
  sample_.destination(0).senders = {"@else.example"};
  const auto none = sample_.compiled();
  live_.out(0, candidate_reason::ejected, true).out(1, candidate_reason::ejected, true);
  EXPECT_EQ(summary(*none, none->decide(message_.about(), {}, live_, sample_now)), "hold:invariant:sender_alignment")
      << "no panic passes it";
}

TEST_F(composed_policy_test, one_click_unsubscribe_is_required_where_an_invariant_asks) {
  sample_.route("a", to_destination("mailjet"));
  invariant_config asks;
  asks.name = "one-click";
  asks.path = "policy.invariants[0]";
  asks.when = "stream == \"marketing\"";
  asks.require = "one_click_unsubscribe";
  sample_.config().invariants.push_back(asks);
  const auto rules = sample_.compiled();
  message_.stream(mail::traffic_stream::marketing).accepted(true);
  EXPECT_EQ(summary(*rules, rules->decide(message_.about(), {}, live_, sample_now)), "hold:invariant:one-click");
  EXPECT_FALSE(rules->preflight(message_.about()).accepted);
  EXPECT_EQ(rules->preflight(message_.about()).rule, "one-click");
  message_.header("List-Unsubscribe: <mailto:u@shop.example>")
      .header("List-Unsubscribe-Post: List-Unsubscribe=One-Click");
  EXPECT_FALSE(rules->preflight(message_.about()).accepted) << "there is nothing to post to";
  sample_message good;
  good.stream(mail::traffic_stream::marketing).accepted(true);
  good.header("List-Unsubscribe: <mailto:u@shop.example>,\r\n <HTTPS://shop.example/u>")
      .header("List-Unsubscribe-Post: List-Unsubscribe=One-Click");
  EXPECT_EQ(summary(*rules, rules->decide(good.about(), {}, live_, sample_now)), "mailjet");
  sample_.config().invariants[0].only = "true";
  EXPECT_NE(reason_at("policy.invariants[0]").find("one of"), std::string::npos);
}

}  // namespace
}  // namespace stellwerk::policy
