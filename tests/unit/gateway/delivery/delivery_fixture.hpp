// The delivery side on a real embedded store, a manual clock and a scripted runner: everything but sockets and threads.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "gateway/delivery/dispatcher.hpp"
#include "gateway/spool/embedded/embedded_store.hpp"
#include "policy/policy.hpp"
#include "tests/unit/gateway/delivery/samples.hpp"

namespace stellwerk::delivery {

// Keeps attempts until the test answers them.
class scripted_runner final : public runner {
 public:
  struct held_attempt {
    adapters::attempt what;
    std::function<void(adapters::attempt_report)> done;
  };
  void run(adapters::attempt what, std::function<void(adapters::attempt_report)> done) override {
    attempts.push_back({std::move(what), std::move(done)});
  }
  void probe(const std::string& destination, std::function<void(adapters::probe_report)> done) override {
    probes.push_back(destination);
    adapters::probe_report report;
    report.healthy = !dead.contains(destination);
    report.first_word = greeting;
    done(report);
  }
  void look_up(const std::string&, const std::string& attempt_id, const std::string& recipient,
               std::function<void(adapters::lookup_report)> done) override {
    lookups.push_back(attempt_id);
    adapters::lookup_report report = lookup;
    if (found.contains(recipient)) report.answer = adapters::lookup_answer::accepted;
    done(std::move(report));
  }

  void let_go(const std::string& destination, duration silence) override { let_go_of[destination] = silence; }

  std::deque<held_attempt> attempts;
  std::map<std::string, duration> let_go_of;  // the last silence of each
  std::vector<std::string> probes;
  std::vector<std::string> lookups;
  std::set<std::string> dead;
  duration greeting{0};  // of each probe
  adapters::lookup_report lookup;
  std::set<std::string> found;  // recipients whose message the vendor has, whatever `lookup` says
};

inline mail::recipient_outcome outcome_of(mail::attempt_outcome what, int code = 250, std::string enhanced = "2.0.0",
                                          std::string reply = "ok") {
  return outcome_with(what, code, std::move(enhanced), std::move(reply));
}

class delivery_fixture : public ::testing::Test {
 protected:
  delivery_fixture() : random_{7}, ids_{clock_, random_}, metrics_{null_metric_registry()} {
    directory_ =
        std::filesystem::temp_directory_path() / ("stellwerk-delivery-" + std::to_string(::getpid()) + "-" +
                                                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(directory_);
    rules_.routes.push_back(failover_route("everything", {"onprem", "mailjet"}));
    traits_.push_back(a_destination("onprem", 10));
    traits_.push_back(a_destination("mailjet", 10));
  }
  ~delivery_fixture() override {
    shut_down();
    std::filesystem::remove_all(directory_);
  }

  void start() {
    auto compiled = policy::compile(rules_, traits_);
    ASSERT_TRUE(std::holds_alternative<std::shared_ptr<const policy::policy>>(compiled))
        << std::get<std::vector<policy::policy_fault>>(compiled).front().reason;
    policy_ = std::get<std::shared_ptr<const policy::policy>>(compiled);
    spool::spool_config config;
    config.data_directory = directory_;
    spool::embedded::embedded_options options;
    options.thread = spool::embedded::committer_thread::none;
    auto opened = spool::embedded::open_embedded_store(config, clock_, null_logger(), {}, options);
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(*opened);
    dispatcher::environment env{clock_,       random_, null_logger(),
                                seen_store(), runner_, [this](std::function<void()> work) { read(std::move(work)); },
                                metrics_,     [] {},   "gw.example"};
    dispatcher_ = std::make_unique<dispatcher>(std::move(env), delivery_config{}, policy_, stream_shares{});
    auto suppressions = events::load_suppressions(*store_, 7);
    ASSERT_TRUE(suppressions);
    dispatcher_->adopt(std::move(*suppressions));
    dispatcher_->recover();
    settle();
  }

  // The store as the dispatcher sees it, and its readers: at once.
  virtual spool::store& seen_store() { return *store_; }
  virtual void read(std::function<void()> work) { work(); }

  // What a crash leaves: nothing of the process, everything that was committed.
  void shut_down() {
    runner_.attempts.clear();
    if (store_) store_->close();
    dispatcher_.reset();
    store_.reset();
  }

  // Turns until nothing moves any more.
  void settle() {
    for (int i = 0; i < 50; ++i) {
      dispatcher_->run();
      while (store_->run_once()) {
      }
    }
    dispatcher_->run();
  }

  void pass(std::chrono::nanoseconds time) {
    // In steps, as a real clock would: health and sweeps look at time as it goes by.
    const auto step = std::max<std::chrono::nanoseconds>(time / 200, std::chrono::milliseconds{250});
    for (std::chrono::nanoseconds gone{0}; gone < time; gone += step) {
      clock_.advance(step);
      dispatcher_->run();
      while (store_->run_once()) {
      }
    }
    settle();
  }

  queue_id submit(const std::vector<std::string>& recipients, std::function<void(spool::accept_request&)> adjust = {}) {
    spool::accept_request request = a_submission(ids_.next(), clock_.now(), recipients);
    if (adjust) adjust(request);
    const queue_id id = request.message.id;
    dispatcher_->accept(std::move(request), [this](result<spool::accept_answer> answer) {
      if (answer) {
        ++accepted_;
      } else {
        last_refusal_ = answer.error();
      }
    });
    settle();
    return id;
  }

  // Answers the oldest attempt in flight; one outcome for all of its recipients, or one each.
  void answer(std::vector<mail::recipient_outcome> outcomes, duration first_reply = {}) {
    ASSERT_FALSE(runner_.attempts.empty()) << "no attempt in flight";
    auto held = std::move(runner_.attempts.front());
    runner_.attempts.pop_front();
    adapters::attempt_report report;
    report.recipients = outcomes.size() == 1 ? std::vector(held.what.recipients.size(), outcomes[0]) : outcomes;
    report.first_reply = first_reply;
    report.first_word = first_reply;
    held.done(std::move(report));
    settle();
  }

  [[nodiscard]] spool::recipient_row row(const queue_id& id, std::uint32_t index = 0) {
    auto rows = store_->load_recipients(id);
    EXPECT_TRUE(rows) << "no such message";
    if (!rows) return {};
    for (const spool::recipient_row& one : *rows) {
      if (one.key.index == index) return one;
    }
    ADD_FAILURE() << "no such recipient";
    return {};
  }

  // What the ledger tells of acme's mail: kind and outcome of each line.
  [[nodiscard]] std::vector<std::string> story() {
    std::vector<std::string> out;
    const auto rows = store_->read_ledger(0, "acme", 100);
    EXPECT_TRUE(rows);
    if (!rows) return out;
    for (const spool::ledger_row& one : *rows) {
      const auto event = events::decode(one.payload);
      out.push_back(event ? std::string{to_string(event->kind)} + " " + event->outcome : "unreadable");
    }
    return out;
  }

  std::vector<operated_recipient> operate(operate_order order) {
    std::vector<operated_recipient> answer;
    bool answered = false;
    dispatcher_->operate(std::move(order), [&](result<std::vector<operated_recipient>> rows) {
      answered = true;
      ASSERT_TRUE(rows) << rows.error().message();
      answer = std::move(*rows);
    });
    settle();
    EXPECT_TRUE(answered);
    return answer;
  }

  [[nodiscard]] std::string in_flight_at(std::size_t which = 0) const {
    return which < runner_.attempts.size() ? runner_.attempts[which].what.destination : "";
  }

  manual_clock clock_;
  seeded_random random_;
  id_generator ids_;
  delivery_metrics metrics_;
  scripted_runner runner_;
  policy::policy_config rules_;
  std::vector<policy::destination_traits> traits_;
  std::shared_ptr<const policy::policy> policy_;
  std::unique_ptr<spool::embedded::embedded_store> store_;
  std::unique_ptr<dispatcher> dispatcher_;
  std::filesystem::path directory_;
  int accepted_ = 0;
  error last_refusal_;
};

}  // namespace stellwerk::delivery
