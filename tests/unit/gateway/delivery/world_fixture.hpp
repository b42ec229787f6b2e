// A world on a manual clock: mail comes in at a rate, destinations answer as the scenario says and take as long as it
// says, and the dispatcher is turned exactly when the gateway's thread would turn it. Nothing waits for real time.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/delivery/dispatcher.hpp"
#include "memory_store.hpp"
#include "policy/policy.hpp"
#include "tests/unit/gateway/delivery/samples.hpp"

namespace stellwerk::delivery {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What a destination does with one attempt: the same outcome for every recipient, after a while.
struct behaviour {
  mail::recipient_outcome outcome;
  duration took{0};
  bool may_be_let_go = false;  // nothing is committed, and the peer says nothing
};

inline behaviour delivers(duration took = milliseconds{100}) {
  return {outcome_with(mail::attempt_outcome::delivered, 250, "2.0.0", "ok"), took};
}
inline behaviour answers(mail::attempt_outcome what, int code = 0, std::string enhanced = {},
                         duration took = milliseconds{100}) {
  return {outcome_with(what, code, std::move(enhanced), "as the scenario says"), took};
}
// Nobody listens; or, with the time-out, nobody answers at all.
inline behaviour refuses_connections(duration took = milliseconds{2}) { return {connect_refused(), took}; }

// Connections are accepted, and then nothing is said.
inline behaviour does_not_greet(const adapters::attempt& what) {
  const duration greeting_timeout = seconds{4};
  behaviour out = refuses_connections(
      what.first_word_max > duration{0} ? std::min(what.first_word_max, greeting_timeout) : greeting_timeout);
  out.outcome.stage = mail::attempt_stage::greeting;
  return out;
}
// In the middle of the envelope the peer stops answering.
inline behaviour freezes_at_rcpt() {
  behaviour out{outcome_with(mail::attempt_outcome::deferred_destination, 0, "", "timed out"), std::chrono::minutes{5},
                true};
  out.outcome.stage = mail::attempt_stage::rcpt;
  return out;
}

struct seen_attempt {
  steady_point started{};
  steady_point ended{};
  std::string destination;
  queue_id message;
  std::string recipient;
  std::string reverse_path;
  std::vector<std::string> tags;
  mail::attempt_outcome outcome = mail::attempt_outcome::unknown;
  bool over = false;
};

// Destinations as functions of time; answers come when their time has come.
class world_runner final : public runner {
 public:
  using script = std::function<behaviour(const adapters::attempt&)>;
  explicit world_runner(const clock& time) : time_{time} {}

  void run(adapters::attempt what, std::function<void(adapters::attempt_report)> done) override {
    const auto known = scripts.find(what.destination);
    const behaviour next = known == scripts.end() ? delivers() : known->second(what);
    const std::size_t first = seen.size();
    for (const auto& recipient : what.recipients) {
      seen.push_back({time_.steady(),
                      {},
                      what.destination,
                      what.message,
                      recipient.address,
                      what.reverse_path,
                      what.tags,
                      next.outcome.outcome,
                      false});
    }
    adapters::attempt_report report;
    report.recipients.assign(what.recipients.size(), next.outcome);
    if (!next.outcome.connect_class && !next.may_be_let_go) report.first_reply = report.first_word = next.took;
    auto end = [this, first, count = what.recipients.size(), report = std::move(report), done = std::move(done)]() {
      if (seen[first].over) return;
      for (std::size_t i = first; i < first + count; ++i) {
        seen[i].ended = time_.steady();
        seen[i].over = true;
      }
      done(report);
    };
    if (next.may_be_let_go) silent_.push_back({what.destination, time_.steady(), end});
    later(next.took, std::move(end));
  }

  void let_go(const std::string& destination, duration silence) override {
    for (silent_attempt& one : silent_) {
      if (one.destination != destination || !one.end) continue;
      const auto left = std::max(steady_point::duration{0}, one.since + silence - time_.steady());
      later(std::chrono::duration_cast<duration>(left), std::exchange(one.end, nullptr));
    }
  }

  void probe(const std::string& destination, std::function<void(adapters::probe_report)> done) override {
    ++probes[destination];
    adapters::probe_report report;
    const auto known = handshakes.find(destination);
    report.healthy = known == handshakes.end() || known->second();
    if (report.healthy) report.first_word = greeting;
    later(milliseconds{20}, [report = std::move(report), done = std::move(done)] { done(report); });
  }

  void look_up(const std::string&, const std::string&, const std::string&,
               std::function<void(adapters::lookup_report)> done) override {
    done({});
  }

  [[nodiscard]] std::optional<steady_point> next() const {
    return waiting_.empty() ? std::nullopt : std::optional{waiting_.top().at};
  }
  bool deliver_due() {
    bool any = false;
    while (!waiting_.empty() && waiting_.top().at <= time_.steady()) {
      auto what = std::move(waiting_.top().what);
      waiting_.pop();
      what();
      any = true;
    }
    return any;
  }
  void forget() {
    waiting_ = {};
    silent_.clear();
  }

  std::map<std::string, script> scripts;                    // none: delivers
  std::map<std::string, std::function<bool()>> handshakes;  // none: healthy
  duration greeting{milliseconds{10}};                      // how long it takes, of a handshake
  std::map<std::string, int> probes;
  std::vector<seen_attempt> seen;  // one per recipient, in the order of their starts

 private:
  struct item {
    steady_point at;
    std::uint64_t number;
    mutable std::function<void()> what;
    bool operator<(const item& other) const { return std::tie(at, number) > std::tie(other.at, other.number); }
  };
  struct silent_attempt {
    std::string destination;
    steady_point since;
    std::function<void()> end;  // null: let go of
  };
  void later(duration by, std::function<void()> what) {
    waiting_.push({time_.steady() + by, next_number_++, std::move(what)});
  }

  const clock& time_;
  std::priority_queue<item> waiting_;
  std::vector<silent_attempt> silent_;
  std::uint64_t next_number_ = 0;
};

class world_fixture : public ::testing::Test {
 protected:
  world_fixture()
      : random_{11}, ids_{clock_, random_}, metrics_{null_metric_registry()}, runner_{clock_}, began_{clock_.steady()} {
    traits_ = {destination("onprem", "on_prem"), destination("esp", "eu")};
    rules_.routes = {failover_route("everything", {"onprem", "esp"})};
  }

  static policy::destination_traits destination(std::string name, std::string zone, std::uint32_t connections = 20) {
    policy::destination_traits traits = a_destination(std::move(name), connections);
    traits.zone = std::move(zone);
    return traits;
  }

  [[nodiscard]] std::shared_ptr<const policy::policy> compiled() const {
    auto made = policy::compile(rules_, traits_);
    if (const auto* faults = std::get_if<std::vector<policy::policy_fault>>(&made)) {
      ADD_FAILURE() << faults->front().path << ": " << faults->front().reason;
      return nullptr;
    }
    return std::get<std::shared_ptr<const policy::policy>>(made);
  }

  void start() {
    dispatcher::environment env{clock_,       random_,
                                *log_,        store_,
                                runner_,      [this](std::function<void()> work) { reads_.push_back(std::move(work)); },
                                metrics_,     [this] { woken_ = true; },
                                "gw.example", on_decided};
    policy_ = compiled();
    ASSERT_TRUE(policy_);
    dispatcher_ = std::make_unique<dispatcher>(std::move(env), config_, policy_, stream_shares{});
    dispatcher_->recover();
    turn();
  }

  // The process dies and comes back: what was written is there, what was in flight has no outcome.
  void crash() {
    store_.lose_unwritten();
    ASSERT_TRUE(store_.reread()) << "what is written can be read";
    runner_.forget();
    reads_.clear();
    dispatcher_.reset();
    start();
  }

  // A world without a past.
  void forget_all() {
    dispatcher_.reset();
    runner_.forget();
    runner_.seen.clear();
    reads_.clear();
    store_ = memory_store{};
    accepted_at_.clear();
  }

  // Everything that can happen at this moment.
  void turn() {
    do {
      woken_ = false;
      dispatcher_->run();
      std::vector<std::function<void()>> reads;
      reads.swap(reads_);
      for (auto& read : reads) read();
      woken_ |= store_.turn() || !reads.empty();
    } while (woken_);
  }

  // Mail from now on, evenly; 0: none. One recipient each, `domains` in turn.
  void offer(double per_second) {
    every_ = per_second > 0 ? duration{static_cast<long long>(1e3 / per_second)} : duration{0};
    next_offer_ = clock_.steady();
  }

  void run_for(duration time) {
    const steady_point end = clock_.steady() + time;
    while (clock_.steady() < end) {
      steady_point next = std::min(end, std::max(dispatcher_->next_wakeup(), clock_.steady() + milliseconds{1}));
      if (every_.count() > 0) next = std::min(next, std::max(next_offer_, clock_.steady()));
      if (const auto due = runner_.next()) next = std::min(next, std::max(*due, clock_.steady()));
      clock_.advance(next - clock_.steady());
      runner_.deliver_due();
      while (every_.count() > 0 && next_offer_ <= clock_.steady() && clock_.steady() < end) {
        next_offer_ += every_;
        submit();
      }
      turn();
      if (on_turn) on_turn();
    }
  }

  queue_id submit(std::function<void(spool::accept_request&)> adjust = {}) {
    const std::string to = "r" + std::to_string(submitted_) + "@" + domains_[submitted_ % domains_.size()];
    spool::accept_request request = a_submission(ids_.next(), clock_.now(), {to});
    if (adjust) adjust(request);
    const queue_id id = request.message.id;
    ++submitted_;
    accepted_at_[id] = clock_.steady();
    dispatcher_->accept(std::move(request), [](const result<spool::accept_answer>& answer) { ASSERT_TRUE(answer); });
    return id;
  }

  // ---- what the scenarios ask ----
  [[nodiscard]] duration since_start() const { return std::chrono::duration_cast<duration>(clock_.steady() - began_); }
  [[nodiscard]] std::string state_of(std::string_view name) {
    for (const destination_snapshot& one : dispatcher_->destinations().snapshot()) {
      if (one.name == name) return one.state;
    }
    return "";
  }
  [[nodiscard]] std::size_t attempts_at(std::string_view name, steady_point from = steady_point::min(),
                                        steady_point until = steady_point::max()) const {
    return static_cast<std::size_t>(
        std::count_if(runner_.seen.begin(), runner_.seen.end(), [&](const seen_attempt& one) {
          return one.destination == name && one.started >= from && one.started < until;
        }));
  }
  // Time from acceptance to the hand-over, of messages accepted in [from, until), sorted.
  [[nodiscard]] std::vector<duration> hand_offs(steady_point from, steady_point until) const {
    std::vector<duration> out;
    for (const seen_attempt& one : runner_.seen) {
      if (!one.over || one.outcome != mail::attempt_outcome::delivered || one.reverse_path.empty()) continue;
      const steady_point accepted = accepted_at_.at(one.message);
      if (accepted >= from && accepted < until)
        out.push_back(std::chrono::duration_cast<duration>(one.ended - accepted));
    }
    std::sort(out.begin(), out.end());
    return out;
  }
  [[nodiscard]] static duration percentile(const std::vector<duration>& sorted, double share) {
    if (sorted.empty()) return duration::max();
    return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
  }
  // Runs in small steps until `reached`; how long that took, or nothing within `limit`.
  std::optional<duration> time_until(const std::function<bool()>& reached, duration limit) {
    const steady_point from = clock_.steady();
    while (!reached()) {
      if (clock_.steady() - from > limit) return std::nullopt;
      run_for(milliseconds{50});
    }
    return std::chrono::duration_cast<duration>(clock_.steady() - from);
  }

  manual_clock clock_;
  seeded_random random_;
  id_generator ids_;
  delivery_metrics metrics_;
  memory_store store_;
  world_runner runner_;
  delivery_config config_;
  policy::policy_config rules_;
  std::vector<policy::destination_traits> traits_;
  std::shared_ptr<const policy::policy> policy_;
  std::unique_ptr<dispatcher> dispatcher_;
  std::vector<std::string> domains_{"example.org", "example.com", "example.net", "mail.example", "firma.example"};
  std::map<queue_id, steady_point> accepted_at_;
  std::size_t submitted_ = 0;
  std::function<void()> on_turn;
  std::function<void(const decision_made&)> on_decided;  // set before start()
  logger* log_ = &null_logger();                         // likewise

 private:
  std::vector<std::function<void()>> reads_;
  bool woken_ = false;
  steady_point began_;
  duration every_{0};
  steady_point next_offer_{};
};

}  // namespace stellwerk::delivery
