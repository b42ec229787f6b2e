// published<T>: an immutable value that one thread replaces and many read. Readers check a generation counter and
// refresh their own shared_ptr when it moved; std::atomic<std::shared_ptr> of this library starves the writer and
// races.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace stellwerk::async {

template <class T>
class published {
 public:
  explicit published(std::shared_ptr<const T> first) : value_{std::move(first)} {}

  void publish(std::shared_ptr<const T> next) {
    const std::lock_guard lock{mutex_};
    value_ = std::move(next);
    generation_.fetch_add(1, std::memory_order_release);
  }

  [[nodiscard]] std::shared_ptr<const T> load() const {
    const std::lock_guard lock{mutex_};
    return value_;
  }

  [[nodiscard]] std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
  std::atomic<std::uint64_t> generation_{1};
};

// One per reading thread.
template <class T>
class subscription {
 public:
  explicit subscription(const published<T>& source) : source_{source} {}
  [[nodiscard]] const std::shared_ptr<const T>& get() {
    if (const auto now = source_.generation(); now != seen_) {
      seen_ = now;
      value_ = source_.load();
    }
    return value_;
  }

 private:
  const published<T>& source_;
  std::uint64_t seen_ = 0;
  std::shared_ptr<const T> value_;
};

}  // namespace stellwerk::async
