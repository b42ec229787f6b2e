// log_sink: JSON lines on a file descriptor. Writers hand over finished lines; one thread writes them out in batches.
//
// Bounded: when the target does not keep up, lines are dropped and counted, those below warning first. Thread rule:
// write() from any thread; it waits for nobody.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metric.hpp"

namespace stellwerk::telemetry {

class log_sink final : public logger {
 public:
  static constexpr std::size_t pending_bytes_max = 4U << 20;  // lines not yet written; beyond, they are dropped
  static constexpr std::size_t warnings_bytes = 1U << 20;     // of that, for warnings and errors alone

  log_sink(int descriptor, const clock& time, log_level least, counter dropped);
  ~log_sink() override;  // writes what is pending, if somebody reads it

  [[nodiscard]] bool enabled(log_level level) const noexcept override {
    return level >= least_.load(std::memory_order_relaxed);
  }
  void write(log_level level, std::string_view event, std::span<const log_field> fields) override;
  void set_level(log_level least) { least_.store(least, std::memory_order_relaxed); }

 private:
  void run();
  void write_out(std::string_view rest);
  [[nodiscard]] bool is_stopping();

  const int descriptor_;
  const clock& time_;
  std::atomic<log_level> least_;
  counter dropped_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string pending_;
  bool urgent_ = false;  // a warning or worse is pending: it does not wait for company
  bool stopping_ = false;
  std::thread thread_;
};

[[nodiscard]] log_level parse_log_level(std::string_view text);

}  // namespace stellwerk::telemetry
