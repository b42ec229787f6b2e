// The runner of the real process: every attempt is answered, whatever its adapter does.
#include "gateway/delivery/io_runner.hpp"

#include <optional>
#include <stdexcept>

#include <gtest/gtest.h>

namespace stellwerk::delivery {
namespace {

class throwing_adapter final : public adapters::adapter {
 public:
  async::awaitable<adapters::attempt_report> deliver(adapters::attempt) override {
    throw std::runtime_error{"broken"};
    co_return adapters::attempt_report{};
  }
  async::awaitable<adapters::probe_report> probe(steady_point) override {
    throw std::runtime_error{"broken"};
    co_return adapters::probe_report{};
  }
  async::awaitable<adapters::lookup_report> look_up(std::string, std::string, steady_point) override {
    throw std::runtime_error{"broken"};
    co_return adapters::lookup_report{};
  }
  void close_idle() override {}
};

class delivering_adapter final : public adapters::adapter {
 public:
  async::awaitable<adapters::attempt_report> deliver(adapters::attempt what) override {
    adapters::attempt_report report;
    mail::recipient_outcome outcome;
    outcome.outcome = mail::attempt_outcome::delivered;
    report.recipients.assign(what.recipients.size(), outcome);
    co_return report;
  }
  async::awaitable<adapters::probe_report> probe(steady_point) override { co_return adapters::probe_report{}; }
  async::awaitable<adapters::lookup_report> look_up(std::string, std::string, steady_point) override {
    co_return adapters::lookup_report{};
  }
  void close_idle() override {}
  void let_go(duration silence) override { borne = silence; }
  static inline duration borne{0};
};

class io_runner_test : public ::testing::Test {
 protected:
  std::optional<adapters::attempt_report> run_one(io_runner& runner) {
    adapters::attempt what;
    what.destination = "onprem";
    what.recipients.resize(2);
    std::optional<adapters::attempt_report> answer;
    runner.run(std::move(what), [&](adapters::attempt_report report) { answer = std::move(report); });
    context_.restart();
    context_.run();
    return answer;
  }
  static std::vector<adapters::destination_settings> onprem() {
    std::vector<adapters::destination_settings> all(1);
    all.front().name = "onprem";
    return all;
  }

  async::io_context context_{1};
  std::vector<std::string> died_;
  async::task_group tasks_{context_.get_executor(),
                           [this](std::string_view, std::string_view what) { died_.emplace_back(what); }};
  manual_clock clock_;
};

TEST_F(io_runner_test, an_adapter_that_throws_leaves_every_outcome_unknown_and_is_told) {
  io_runner runner{
      {{context_, tasks_}},
      [](std::size_t, const adapters::destination_settings&) { return std::make_unique<throwing_adapter>(); },
      clock_};
  runner.adopt(onprem());
  const auto report = run_one(runner);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->recipients.size(), 2U);
  for (const auto& outcome : report->recipients) EXPECT_EQ(outcome.outcome, mail::attempt_outcome::unknown);
  ASSERT_EQ(died_.size(), 1U);
  EXPECT_EQ(died_.front(), "broken");
  std::optional<adapters::probe_report> probed;
  std::optional<adapters::lookup_report> looked_up;
  runner.probe("onprem", [&](adapters::probe_report answer) { probed = std::move(answer); });
  runner.look_up("onprem", "attempt", "a@example.org",
                 [&](adapters::lookup_report answer) { looked_up = std::move(answer); });
  context_.restart();
  context_.run();
  ASSERT_TRUE(probed);
  EXPECT_FALSE(probed->healthy);
  ASSERT_TRUE(looked_up);
  EXPECT_EQ(looked_up->answer, adapters::lookup_answer::failed);
}

TEST_F(io_runner_test, an_adapter_whose_making_throws_sent_nothing) {
  io_runner runner{{{context_, tasks_}},
                   [](std::size_t, const adapters::destination_settings&) -> std::unique_ptr<adapters::adapter> {
                     throw std::runtime_error{"no memory"};
                   },
                   clock_};
  runner.adopt(onprem());
  const auto report = run_one(runner);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->recipients.front().outcome, mail::attempt_outcome::adapter_fault);
}

TEST_F(io_runner_test, an_adapter_that_could_not_be_made_is_made_when_it_is_asked_for_again) {
  int made = 0;
  io_runner runner{{{context_, tasks_}},
                   [&made](std::size_t, const adapters::destination_settings&) -> std::unique_ptr<adapters::adapter> {
                     if (++made == 1) return nullptr;
                     return std::make_unique<delivering_adapter>();
                   },
                   clock_};
  runner.adopt(onprem());
  auto report = run_one(runner);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->recipients.front().outcome, mail::attempt_outcome::adapter_fault);
  report = run_one(runner);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->recipients.front().outcome, mail::attempt_outcome::delivered);
  (void)run_one(runner);
  EXPECT_EQ(made, 2) << "and kept";
}

TEST_F(io_runner_test, letting_go_reaches_the_adapter_and_makes_none) {
  int made = 0;
  io_runner runner{{{context_, tasks_}},
                   [&made](std::size_t, const adapters::destination_settings&) {
                     ++made;
                     return std::make_unique<delivering_adapter>();
                   },
                   clock_};
  runner.adopt(onprem());
  const auto let_go = [&](duration silence) {
    runner.let_go("onprem", silence);
    context_.restart();
    context_.run();
  };
  let_go(std::chrono::seconds{1});
  EXPECT_EQ(made, 0);
  (void)run_one(runner);
  let_go(std::chrono::seconds{2});
  EXPECT_EQ(delivering_adapter::borne, std::chrono::seconds{2});
}

}  // namespace
}  // namespace stellwerk::delivery
