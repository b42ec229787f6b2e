// Residency under everything at once: random policies, outages, crashes, reloads, operators, and the notifications that
// come of it. Mail tagged `personal` is attempted at home or not at all; so is every report about it.
//
// STELLWERK_RESIDENCY_MINUTES lengthens the simulated time (default 15 minutes a world, six worlds).
#include <cstdlib>
#include <iostream>

#include "world_fixture.hpp"

namespace stellwerk::delivery {
namespace {

using mail::attempt_outcome;
using std::chrono::minutes;

// The sender of personal mail: whoever mails him, mails a notification about it.
constexpr const char* personal_sender = "personal@shop.example";

class residency : public world_fixture {
 protected:
  bool chance(double of) { return random_.unit() < of; }
  template <class T>
  const T& any(const std::vector<T>& from) {
    return from[random_.below(from.size())];
  }

  policy::node_config leaf() {
    policy::node_config node;
    node.name = any(names_);
    return node;
  }
  policy::node_config tree(int depth) {
    policy::node_config node;
    node.path = "via";
    switch (depth > 2 ? 0 : random_.below(4)) {
      case 1:
        node.what = policy::node_config::kind::failover;
        for (std::uint64_t i = 0; i <= random_.below(3); ++i) node.children.push_back(tree(depth + 1));
        return node;
      case 2:
        node.what = policy::node_config::kind::split;
        for (const std::string& name : names_)
          node.weights.emplace_back(name, chance(0.2) ? 0.0 : random_.unit() + 0.01);
        return node;
      case 3:
        node.what = policy::node_config::kind::limit;
        node.limit.rate_per_second = 1 + random_.unit() * 20;
        node.children.push_back(tree(depth + 1));
        return node;
      default: return leaf();
    }
  }
  void random_rules() {
    static const std::vector<std::string> conditions{"", "\"personal\" in tags", "attempt > 1", "age > duration('60s')",
                                                     "recipients > 0 && now > timestamp(0)"};
    rules_.routes.clear();
    for (std::uint64_t i = 0; i <= random_.below(3); ++i) {
      policy::route_config route;
      route.name = "route-" + std::to_string(i);
      route.path = "policy.routes[" + std::to_string(i) + "]";
      route.when = i == 0 ? "" : conditions[random_.below(5)];
      route.via = tree(0);
      route.on_deferral = chance(0.5) ? policy::on_deferral::next : policy::on_deferral::wait;
      route.on_unknown = static_cast<policy::on_unknown>(random_.below(3));
      if (chance(0.3)) route.spill_after = seconds{30};
      if (chance(0.3)) route.deadline = seconds{60};
      rules_.routes.insert(rules_.routes.begin(), std::move(route));
    }
    rules_.invariants = {{"stays-home", "policy.invariants[0]", "\"personal\" in tags", "zone == \"on_prem\""}};
    // With the brake off, whole waves bounce: more notifications.
    rules_.bounce_brake.minimum = chance(0.5) ? 1'000'000 : 50;
  }

  behaviour random_behaviour() {
    static const std::vector<attempt_outcome> bad{attempt_outcome::rejected_recipient,
                                                  attempt_outcome::rejected_message,
                                                  attempt_outcome::refused_policy,
                                                  attempt_outcome::refused_sender,
                                                  attempt_outcome::refused_account,
                                                  attempt_outcome::deferred_recipient,
                                                  attempt_outcome::deferred_mailbox_provider,
                                                  attempt_outcome::deferred_destination,
                                                  attempt_outcome::throttled,
                                                  attempt_outcome::adapter_fault,
                                                  attempt_outcome::unknown};
    return answers(any(bad), 500, "5.0.0", milliseconds{random_.below(3000)});
  }
  void random_weather() {
    for (const std::string& name : names_) {
      const double failing = chance(0.5) ? 0 : random_.unit();
      const bool dead = chance(0.2);
      runner_.handshakes[name] = [dead] { return !dead; };
      runner_.scripts[name] = [this, failing, dead](const adapters::attempt& what) {
        watch(what);
        if (dead) return refuses_connections();
        return chance(failing) ? random_behaviour() : delivers(milliseconds{random_.below(2000)});
      };
    }
  }

  void watch(const adapters::attempt& what) {
    ++attempts_;
    const bool tagged = std::find(what.tags.begin(), what.tags.end(), "personal") != what.tags.end();
    const bool report = what.recipients.front().address == personal_sender;
    reports_ += report ? 1 : 0;
    personal_ += tagged ? 1 : 0;
    if ((tagged || report) && what.destination != "onprem" && what.destination != "backup") {
      ++violations_;
      ADD_FAILURE() << what.attempt_id << " of personal mail at " << what.destination;
    }
    // A report that lost its tags would pass by luck alone.
    if (report && !tagged) ADD_FAILURE() << "a notification about personal mail without its tags";
  }

  void operator_acts() {
    auto& table = dispatcher_->destinations();
    const std::string& name = any(names_);
    switch (random_.below(6)) {
      case 0: (void)table.drain(name, "a test"); break;
      case 1:
        (void)table.suspend(name, chance(0.5) ? std::optional<duration>{minutes{1}} : std::nullopt, "a test");
        break;
      case 2:
      case 3: (void)table.resume(name); break;
      default: {
        const auto open = store_.open_messages();
        for (std::size_t i = 0; i < 20 && !open.empty(); ++i) {
          dispatcher_->operate({static_cast<operation>(random_.below(6)), authority::operators, any(open), {}, "a test", any(names_)},
                               [](const auto&) {});
        }
      }
    }
  }

  void one_world(duration time) {
    traits_ = {destination("onprem", "on_prem"), destination("esp", "eu"), destination("overseas", "us"),
               destination("backup", "on_prem")};
    random_rules();
    random_weather();
    if (dispatcher_) {
      dispatcher_->adopt(compiled(), {});
    } else {
      start();
    }
    const steady_point end = clock_.steady() + time;
    while (clock_.steady() < end && violations_ == 0) {
      for (std::uint64_t i = random_.below(30); i > 0; --i) {
        const bool personal = chance(0.5);
        submit([&](spool::accept_request& request) {
          if (personal) {
            request.message.tags = {"personal"};
            request.message.reverse_path = personal_sender;
          }
          if (chance(0.3)) request.message.stream = mail::traffic_stream::marketing;
        });
      }
      run_for(milliseconds{random_.below(30'000)});
      if (chance(0.2)) random_weather();
      if (chance(0.2)) operator_acts();
      if (chance(0.03)) crash();
      if (chance(0.05)) {
        random_rules();
        dispatcher_->adopt(compiled(), {});
      }
    }
  }

  const std::vector<std::string> names_{"onprem", "esp", "overseas", "backup"};
  std::size_t attempts_ = 0;
  std::size_t personal_ = 0;
  std::size_t reports_ = 0;
  std::size_t violations_ = 0;
};

TEST_F(residency, no_outage_crash_reload_or_operator_takes_personal_mail_or_its_reports_away) {
  const char* asked = std::getenv("STELLWERK_RESIDENCY_MINUTES");
  const minutes time{asked != nullptr ? std::strtol(asked, nullptr, 10) : 15};
  for (int world = 0; world < 6 && violations_ == 0; ++world) one_world(time);
  EXPECT_EQ(violations_, 0U);
  EXPECT_GT(attempts_, 1000U);
  EXPECT_GT(personal_, attempts_ / 10);
  EXPECT_GT(reports_, 20U) << "notifications were part of it";
  RecordProperty("attempts", static_cast<int>(attempts_));
  std::cout << attempts_ << " attempts, " << personal_ << " of personal mail, " << reports_ << " reports about it\n";
}

}  // namespace
}  // namespace stellwerk::delivery
