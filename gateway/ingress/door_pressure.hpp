// Whether the doors may take more: set by whoever watches the store, memory and the process's end; asked before each
// message. Thread rule: atomics, any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace stellwerk::ingress {

enum class pressure_level : std::uint8_t {
  open,
  marketing_refused,  // 80 % of spool.bytes_max or memory, or the store slows down: 452 4.3.1, RESOURCE_EXHAUSTED
  closed,             // 95 %: everybody
};

class door_pressure {
 public:
  void set_level(pressure_level level) noexcept { level_.store(level, std::memory_order_relaxed); }
  [[nodiscard]] pressure_level level() const noexcept { return level_.load(std::memory_order_relaxed); }

  // The process is about to end: nothing new, what has begun is finished.
  void start_draining() noexcept { draining_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool draining() const noexcept { return draining_.load(std::memory_order_relaxed); }

  // A long line could move: on a loop that is full, attempts go before acceptance.
  void set_long_line(bool is_long) noexcept { long_line_.store(is_long, std::memory_order_relaxed); }
  [[nodiscard]] bool long_line() const noexcept { return long_line_.load(std::memory_order_relaxed); }

 private:
  std::atomic<pressure_level> level_{pressure_level::open};
  std::atomic<bool> draining_{false};
  std::atomic<bool> long_line_{false};
};

}  // namespace stellwerk::ingress
