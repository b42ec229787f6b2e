// A world without mercy: random policies of every node, outages of every class, crashes, reloads, and an operator who
// pulls every lever. The same seed makes the same world.
#pragma once

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "world_fixture.hpp"

namespace stellwerk::delivery {

class random_world : public world_fixture {
 protected:
  using kind = policy::node_config::kind;
  using attempt_outcome = mail::attempt_outcome;

  // A number given by the environment, for the long run, or the bounded one of every day.
  static std::size_t asked_for(const char* variable, std::size_t usual) {
    const char* asked = std::getenv(variable);
    return asked != nullptr ? std::strtoull(asked, nullptr, 10) : usual;
  }
  bool chance(double of) { return random_.unit() < of; }
  template <class T>
  const T& any(const std::vector<T>& from) {
    return from[random_.below(from.size())];
  }

  policy::node_config leaf() {
    policy::node_config node;
    node.path = "via";
    node.name = any(names_);
    return node;
  }
  policy::node_config above(kind what, int depth) {
    policy::node_config node;
    node.what = what;
    node.path = "via";
    node.children.push_back(tree(depth + 1));
    return node;
  }
  policy::node_config a_limit(int depth) {
    policy::node_config node = above(kind::limit, depth);
    switch (random_.below(4)) {
      case 0: node.limit.rate_per_second = 1 + random_.unit() * 20; break;
      case 1: node.limit.concurrency = static_cast<std::uint32_t>(1 + random_.below(5)); break;
      case 2: node.limit.per_day = 50 + random_.below(500); break;
      default: node.limit.budget = policy::money{0.01 + random_.unit(), "EUR"}; break;
    }
    return node;
  }
  policy::node_config tree(int depth) {
    policy::node_config node;
    node.path = "via";
    switch (depth > 2 ? 0 : random_.below(10)) {
      case 1:
      case 2:
        node.what = chance(0.7) ? kind::failover : kind::cheapest;  // prices are compared of destinations only
        for (std::uint64_t i = 0; i <= random_.below(3); ++i)
          node.children.push_back(node.what == kind::failover ? tree(depth + 1) : leaf());
        return node;
      case 3:
        node.what = kind::split;
        for (const std::string& name : names_)
          node.weights.emplace_back(name, chance(0.2) ? 0.0 : random_.unit() + 0.01);
        node.weights.back().second += 0.01;  // not all of them 0
        return node;
      case 4:
      case 5: return a_limit(depth);
      case 6:
        node = above(kind::spill, depth);
        node.spill.backlog = 1 + random_.below(20);
        return node;
      case 7:
        node = above(kind::warmup, depth);
        node.limit.warmup = policy::warmup_config{std::chrono::floor<std::chrono::days>(clock_.now()), {100, 1000}};
        return node;
      case 8:
        node.what = kind::switch_by;
        node.conditions = {chance(0.5) ? "mailbox_provider == \"google\"" : "size > 100 && available(\"onprem\")"};
        node.children.push_back(tree(depth + 1));
        node.children.push_back(tree(depth + 1));
        return node;
      default: return leaf();
    }
  }

  void random_rules() {
    static const std::vector<std::string> conditions{"", "\"personal\" in tags", "attempt > 1", "age > duration('60s')",
                                                     "backlog(\"onprem\") > 5 || spent(\"esp\") > 1.0"};
    rules_.routes.clear();
    for (std::uint64_t i = 0; i <= random_.below(3); ++i) {
      policy::route_config route;
      route.name = "route-" + std::to_string(i);
      route.path = "policy.routes[" + std::to_string(i) + "]";
      route.when = i == 0 ? "" : any(conditions);
      route.via = tree(0);
      route.on_deferral = chance(0.5) ? policy::on_deferral::next : policy::on_deferral::wait;
      route.on_unknown = static_cast<policy::on_unknown>(random_.below(3));
      if (chance(0.3)) route.spill_after = seconds{30};
      if (chance(0.3)) route.deadline = seconds{60};
      if (chance(0.3)) route.on_deadline = policy::on_deadline::drop;
      rules_.routes.insert(rules_.routes.begin(), std::move(route));
    }
    rules_.invariants = {{"stays-home", "policy.invariants[0]", "\"personal\" in tags", "zone == \"on_prem\"", ""}};
    // With the brake off, whole waves bounce: more notifications.
    rules_.bounce_brake.minimum = chance(0.5) ? 1'000'000 : 50;
  }

  void random_destinations() {
    traits_ = {destination("onprem", "on_prem"), destination("esp", "eu"), destination("overseas", "us"),
               destination("backup", "on_prem")};
    for (policy::destination_traits& one : traits_) {
      one.connections = static_cast<std::uint32_t>(1 + random_.below(20));
      if (chance(0.3)) one.rate_per_second = 1 + random_.unit() * 20;
      if (chance(0.3)) one.backlog_max = 5 + random_.below(50);
      if (chance(0.3)) one.monthly_quota = 100 + random_.below(5000);
      if (chance(0.5)) one.capabilities.recipients_max = static_cast<std::uint32_t>(1 + random_.below(3));
      one.cost_per_thousand = policy::money{random_.unit(), "EUR"};
    }
  }

  behaviour random_behaviour() {
    // All but the first, `delivered`.
    static const std::vector<attempt_outcome> bad{mail::all_attempt_outcomes.begin() + 1,
                                                  mail::all_attempt_outcomes.end()};
    return answers(any(bad), 500, "5.0.0", milliseconds{random_.below(3000)});
  }
  void random_weather() {
    for (const std::string& name : names_) {
      const double failing = chance(0.5) ? 0 : random_.unit();
      const bool dead = chance(0.2);
      runner_.handshakes[name] = [dead] { return !dead; };
      runner_.scripts[name] = [this, failing, dead](const adapters::attempt& what) {
        ++attempts_;
        watch(what);
        if (dead) return refuses_connections();
        return chance(failing) ? random_behaviour() : delivers(milliseconds{random_.below(2000)});
      };
    }
  }
  virtual void watch(const adapters::attempt& what) = 0;

  // Drain, suspend, resume; cancel, retry, hold, release, bounce, and above all: another destination, whatever is said.
  void operator_acts() {
    auto& table = dispatcher_->destinations();
    const std::string& name = any(names_);
    switch (random_.below(6)) {
      case 0: (void)table.drain(name, "a test"); break;
      case 1:
        (void)table.suspend(name, chance(0.5) ? std::optional<duration>{std::chrono::minutes{1}} : std::nullopt,
                            "a test");
        break;
      case 2:
      case 3: (void)table.resume(name); break;
      default: {
        const auto open = store_.open_messages();
        for (std::size_t i = 0; i < 20 && !open.empty(); ++i) {
          const auto what = chance(0.4) ? operation::reroute : static_cast<operation>(random_.below(6));
          dispatcher_->operate({what, authority::operators, any(open), {}, "a test", any(names_)}, [](const auto&) {});
        }
      }
    }
  }

  void random_submission(const std::function<void(spool::accept_request&)>& adjust) {
    submit([&](spool::accept_request& request) {
      if (chance(0.3)) request.message.stream = mail::traffic_stream::marketing;
      if (chance(0.2)) request.message.expires = request.message.accepted + seconds{30 + random_.below(600)};
      const std::uint64_t more = chance(0.3) ? random_.below(4) : 0;
      for (std::uint64_t i = 1; i <= more; ++i) {
        spool::recipient_row row = request.recipients.front();
        row.key.index = static_cast<std::uint32_t>(i);
        row.address = "more" + std::to_string(i) + "@" + (chance(0.5) ? "gmail.com" : "example.org");
        request.recipients.push_back(std::move(row));
      }
      request.message.recipients = static_cast<std::uint32_t>(request.recipients.size());
      adjust(request);
    });
  }

  // One world: `time` of it, or until `enough`.
  void one_world(duration time, const std::function<void(spool::accept_request&)>& adjust,
                 const std::function<bool()>& enough) {
    forget_all();
    random_destinations();
    random_rules();
    random_weather();
    start();
    const steady_point end = clock_.steady() + time;
    while (clock_.steady() < end && !enough() && !HasFailure()) {
      for (std::uint64_t i = random_.below(30); i > 0; --i) random_submission(adjust);
      run_for(milliseconds{random_.below(30'000)});
      if (chance(0.2)) random_weather();
      if (chance(0.2)) operator_acts();
      if (chance(0.03)) {
        crash();
        ++crashes_;
      }
      if (chance(0.05)) {
        random_rules();
        dispatcher_->adopt(compiled(), {});
        ++reloads_;
      }
    }
  }

  const std::vector<std::string> names_{"onprem", "esp", "overseas", "backup"};
  std::size_t attempts_ = 0;
  std::size_t crashes_ = 0;
  std::size_t reloads_ = 0;
};

}  // namespace stellwerk::delivery
