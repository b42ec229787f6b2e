// content_memory: how much content all SMTP sessions together may hold between DATA and the answer. Full means no, with
// 452 4.3.1: thousands of connections of 25 MB each must not end the process.
//
// What is accepted is bounded elsewhere: by the connections of the destinations and by delivery.memory_max. Thread
// rule: content_memory from any thread; a share belongs to one session.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace stellwerk::ingress::smtp {

class content_memory {
 public:
  static constexpr std::size_t usual_bytes_max = 512ULL << 20;  // as much as the gRPC door has under way

  explicit content_memory(std::size_t bytes_max = usual_bytes_max) : bytes_max_{bytes_max} {}

  [[nodiscard]] bool take(std::size_t bytes) noexcept {
    if (bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) return true;
    give_back(bytes);
    return false;
  }
  void give_back(std::size_t bytes) noexcept { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

 private:
  const std::size_t bytes_max_;
  std::atomic<std::size_t> bytes_{0};
};

class content_share {
 public:
  explicit content_share(content_memory& from) : from_{from} {}
  ~content_share() { release(); }
  content_share(const content_share&) = delete;
  content_share& operator=(const content_share&) = delete;

  // False: there is no room for that much; what it held stays.
  [[nodiscard]] bool grow_to(std::size_t bytes) {
    constexpr std::size_t step = 16ULL << 10;  // most messages take one
    if (bytes <= held_) return true;
    const std::size_t more = std::max(bytes - held_, step);
    if (!from_.take(more)) return false;
    held_ += more;
    return true;
  }
  void release() {
    from_.give_back(held_);
    held_ = 0;
  }

 private:
  content_memory& from_;
  std::size_t held_ = 0;
};

}  // namespace stellwerk::ingress::smtp
