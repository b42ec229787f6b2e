// What holds for every decision, over random policies, messages, histories and live states.
//
// 100,000 decisions; STELLWERK_DECISIONS asks for more (10,000,000 take some minutes in a release build).
#include <cstdlib>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "policy/explain.hpp"
#include "tests/unit/policy/core/sample.hpp"

namespace stellwerk::policy {
namespace {

using mail::attempt_outcome;

constexpr int messages_per_policy = 25;
constexpr int decisions_per_message = 100;
constexpr int decisions_per_policy = messages_per_policy * decisions_per_message;

int policies() {
  const char* asked = std::getenv("STELLWERK_DECISIONS");
  return static_cast<int>(asked != nullptr ? std::strtol(asked, nullptr, 10) : 100'000) / decisions_per_policy;
}

class decision_property_test : public ::testing::Test {
 protected:
  bool chance(double of) { return random_.unit() < of; }
  template <class T>
  const T& any(const std::vector<T>& from) {
    return from[random_.below(from.size())];
  }

  node_config a_leaf() { return to_destination(any(names_)); }
  node_config a_tree(int depth) {
    switch (depth > 2 ? 0 : random_.below(5)) {
      case 1: {
        std::vector<node_config> children;
        for (std::uint64_t i = 0; i < 1 + random_.below(3); ++i) children.push_back(a_tree(depth + 1));
        return a_failover(std::move(children));
      }
      case 2: return a_split({{"onprem", 1}, {"mailjet", random_.unit()}, {"ses", chance(0.3) ? 0.0 : 2.0}});
      case 3: {
        limit_config limit;
        limit.per_day = 100;
        return a_limit(limit, a_tree(depth + 1));
      }
      case 4: return a_failover({a_leaf(), a_leaf(), a_leaf()});
      default: return a_leaf();
    }
  }
  std::shared_ptr<const policy> a_policy() {
    sample_policy sample;
    sample.destinations({an_mta("onprem"), an_esp("mailjet"), an_esp("ses", "us"), an_mta("backup", "eu")});
    if (chance(0.5)) sample.destination(1).relay_capabilities = mail::capabilities{};
    sample.route("tagged", a_tree(0), "\"otp\" in tags").spill_after = std::chrono::seconds{30};
    sample.route("late", a_tree(0), "attempt > 2 && age > duration(\"50s\")").on_deferral = on_deferral::next;
    sample.route("rest", a_tree(0)).deadline = std::chrono::seconds{60};
    sample.invariant("residency", "\"personal\" in tags", "zone == \"on_prem\"");
    sample.invariant("not-us", "\"eu\" in tags || headers[\"x-broken\"][0] == \"a\"", "zone != \"us\"");
    return sample.compiled();
  }
  void a_message(sample_message& message) {
    if (chance(0.4)) message.tag("personal");
    if (chance(0.3)) message.tag("eu");
    if (chance(0.3)) message.tag("otp");
    if (chance(0.2)) message.header("X-Note: a").header("X-Note: b");
    if (chance(0.2)) message.header_to("somebody@else.example");
    if (chance(0.1)) message.reverse_path("");
    message.to("user" + std::to_string(random_.below(1000)) + (chance(0.5) ? "@gmail.com" : "@example.org"));
    message.accepted(chance(0.8));
  }
  void a_live_state(sample_live_state& live) {
    static const std::vector<candidate_reason> reasons{
        candidate_reason::none,      candidate_reason::none,           candidate_reason::ejected,
        candidate_reason::ejected,   candidate_reason::throttled,      candidate_reason::drained,
        candidate_reason::suspended, candidate_reason::limit,          candidate_reason::quota,
        candidate_reason::budget,    candidate_reason::account_refused};
    for (std::size_t i = 0; i < 4; ++i) {
      live.out(i, any(reasons), chance(0.5));
      live.full_limits[i] = chance(0.2);
      if (chance(0.2)) live.pairs[{i, "google"}] = candidate_reason::ejected;
      if (chance(0.1)) live.senders[{i, "shop.example"}] = true;
    }
    if (chance(0.1)) live.suppression = "complaint";
  }
  history a_history() {
    history past;
    for (std::uint64_t i = 0; i < random_.below(4); ++i) {
      past.attempts.push_back(an_attempt(any(names_), mail::all_attempt_outcomes[random_.below(12)]));
      if (chance(0.3)) past.tried_now.push_back(past.attempts.back().destination);
    }
    if (chance(0.15)) past.pinned_destination = any(names_);
    if (chance(0.15)) past.rerouted_to = any(names_);
    return past;
  }

  // One message, many moments.
  void check(const policy& rules, sample_message& message) {
    facts about = message.about();
    const bool personal =
        std::find(about.message->tags->begin(), about.message->tags->end(), "personal") != about.message->tags->end();
    for (int i = 0; i < decisions_per_message && !HasFailure(); ++i) {
      sample_live_state live;
      a_live_state(live);
      const history past = a_history();
      about.attempt = static_cast<std::uint32_t>(past.attempts.size());
      about.age = std::chrono::seconds{random_.below(120)};
      const time_point now = sample_now + about.age;
      const decision made = rules.decide(about, past, live, now);
      check_shape(rules, made, about, past, personal);
      if (!live.suppression.empty()) {
        EXPECT_EQ(made.chosen(), nullptr) << "the suppression list is never passed";
        EXPECT_EQ(made.action, action::suppress);
        EXPECT_TRUE(made.shadows.empty());
      }
      const decision again = rules.decide(about, past, live, now);
      EXPECT_TRUE(same(made, again)) << "decisions are deterministic";
      check_explanation(rules, made, again);
    }
  }
  // What is printed is what is done: the route taken, the destination chosen, each verdict in order; and asking again
  // says the same.
  static void check_explanation(const policy& rules, const decision& made, const decision& again) {
    const std::string text = explanation_of(rules, made);
    EXPECT_EQ(text, explanation_of(rules, again));
    std::size_t from = text.find("\"decisions\"");
    const auto next = [&](const std::string& part) {
      const auto at = text.find(part, from);
      EXPECT_NE(at, std::string::npos) << part << " in " << text;
      from = at == std::string::npos ? from : at + part.size();
    };
    next("\"route\": \"" + (made.route < rules.routes().size() ? rules.routes()[made.route].name : "") + "\"");
    next("\"action\": \"" + std::string{to_string(made.action)} + "\"");
    for (const candidate& one : made.candidates) {
      next("\"destination\": \"" + rules.destinations()[one.destination].name + "\", \"verdict\": \"" +
           std::string{to_string(one.verdict)} + "\", \"reason\": \"" + std::string{to_string(one.reason)} + "\"");
    }
    EXPECT_EQ(text.find("\"destination\"", from), std::string::npos) << "no candidate is added";
    const candidate* chosen = made.chosen();
    const std::string skipped = passed_over(rules, made);
    if (chosen == nullptr) return;
    EXPECT_EQ(skipped.empty(), chosen == &made.candidates.front());
  }
  static std::string explanation_of(const policy& rules, const decision& made) {
    const std::vector<explained_recipient> one{{"ann@example.org", made}};
    return explain_json(rules, {"shop", "acme", {"ann@example.org"}}, {}, one);
  }
  static void check_shape(const policy& rules, const decision& made, const facts& about, const history& past,
                          bool personal) {
    int chosen = 0;
    for (const candidate& one : made.candidates) {
      const destination_traits& destination = rules.destinations()[one.destination];
      if (one.verdict == verdict::filtered) {
        EXPECT_NE(one.reason, candidate_reason::none);
        continue;
      }
      EXPECT_TRUE(one.verdict != verdict::unavailable || one.reason != candidate_reason::none);
      EXPECT_TRUE(!personal || destination.zone == "on_prem") << "residency: " << destination.name;
      // The broken condition applies to everybody: fail-closed.
      EXPECT_NE(destination.zone, "us");
      if (one.verdict != verdict::chosen) continue;
      ++chosen;
      EXPECT_EQ(one.reason, candidate_reason::none);
      EXPECT_TRUE(past.pinned_destination.empty() || destination.name == past.pinned_destination);
      if (about.message->reverse_path.empty() && one.way == way::main) {
        EXPECT_TRUE(destination.capabilities.null_reverse_path);
      }
      EXPECT_EQ(std::count(past.tried_now.begin(), past.tried_now.end(), destination.name), 0);
    }
    EXPECT_LE(chosen, 1);
    EXPECT_EQ(made.action == action::deliver, chosen == 1);
    EXPECT_EQ(made.action_reason.empty(), chosen == 1);
  }
  static bool same(const decision& a, const decision& b) {
    if (a.action != b.action || a.action_reason != b.action_reason || a.candidates.size() != b.candidates.size())
      return false;
    for (std::size_t i = 0; i < a.candidates.size(); ++i) {
      const candidate& x = a.candidates[i];
      const candidate& y = b.candidates[i];
      if (x.destination != y.destination || x.verdict != y.verdict || x.reason != y.reason || x.way != y.way ||
          x.limits != y.limits || x.detail != y.detail || x.panic != y.panic) {
        return false;
      }
    }
    return a.route == b.route;
  }

  seeded_random random_{20'261'124};
  const std::vector<std::string> names_{"onprem", "mailjet", "ses", "backup"};
};

TEST_F(decision_property_test, every_decision_keeps_the_promises) {
  for (int i = 0, all = policies(); i < all && !HasFailure(); ++i) {
    const auto rules = a_policy();
    ASSERT_NE(rules, nullptr);
    for (int j = 0; j < messages_per_policy && !HasFailure(); ++j) {
      sample_message message;
      a_message(message);
      check(*rules, message);
    }
  }
}

}  // namespace
}  // namespace stellwerk::policy
