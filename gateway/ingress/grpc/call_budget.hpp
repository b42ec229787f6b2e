// How much may be under way at once: full means no, with RESOURCE_EXHAUSTED. Thread rule: any thread.
#pragma once

#include <atomic>
#include <cstddef>

namespace stellwerk::ingress::grpc {

inline constexpr std::size_t submissions_under_way_max = 8'192;
inline constexpr std::size_t bytes_under_way_max = 512 * 1024 * 1024;
inline constexpr std::size_t watchers_max = 256;

class call_budget {
 public:
  call_budget(std::size_t calls_max, std::size_t bytes_max) : calls_max_{calls_max}, bytes_max_{bytes_max} {}

  [[nodiscard]] bool take(std::size_t bytes) {
    const bool room = calls_.fetch_add(1, std::memory_order_relaxed) < calls_max_;
    if (room && bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) return true;
    calls_.fetch_sub(1, std::memory_order_relaxed);
    if (room) bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void give_back(std::size_t bytes) {
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    calls_.fetch_sub(1, std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t calls() const { return calls_.load(std::memory_order_relaxed); }

 private:
  const std::size_t calls_max_;
  const std::size_t bytes_max_;
  std::atomic<std::size_t> calls_{0};
  std::atomic<std::size_t> bytes_{0};
};

}  // namespace stellwerk::ingress::grpc
