// io_runner: the runner of the real process. Each io thread owns its adapters; attempts go round the threads, and an
// adapter is made on its thread when it is first needed and replaced when its settings change.
//
// Thread rule: run, probe, look_up, let_go and adopt from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "adapters/adapter.hpp"
#include "adapters/destination_config.hpp"
#include "base/async/awaitable.hpp"
#include "base/async/task_group.hpp"
#include "gateway/delivery/runner.hpp"

namespace stellwerk::delivery {

using adapter_factory = std::function<std::unique_ptr<adapters::adapter>(
    std::size_t thread, const adapters::destination_settings& settings)>;

class io_runner final : public runner {
 public:
  struct thread {
    async::io_context& context;
    async::task_group& tasks;  // lives on that context; owned by the app
  };

  io_runner(std::vector<thread> threads, adapter_factory make, const clock& time);
  ~io_runner() override;

  void adopt(std::vector<adapters::destination_settings> destinations);

  void run(adapters::attempt what, std::function<void(adapters::attempt_report)> done) override;
  void probe(const std::string& destination, std::function<void(adapters::probe_report)> done) override;
  void look_up(const std::string& destination, const std::string& attempt_id, const std::string& recipient,
               std::function<void(adapters::lookup_report)> done) override;
  void let_go(const std::string& destination, duration silence) override;

  // Drops the adapters, each on its own thread; after the tasks are done.
  void close();

 private:
  struct place;
  [[nodiscard]] std::size_t next_thread();

  std::vector<std::unique_ptr<place>> places_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace stellwerk::delivery
