// mailbox<T>: how threads talk. Many writers, one reader, drained in batches, one wake-up per batch.
//
// The reader gives a `wake` function (post to its io_context, signal its condition variable, or mark itself runnable in
// the simulation); it is called by the writer that finds the box empty. Bounded: `push` answers false when `capacity`
// is reached, and the writer must say no further up. `push_always` is for completions of work that already holds a
// slot elsewhere, so its number is bounded by that slot.
// Thread rule: push from any thread; drain by the owner only.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace stellwerk::async {

template <class T>
class mailbox {
 public:
  mailbox(std::size_t capacity, std::function<void()> wake) : capacity_{capacity}, wake_{std::move(wake)} {}
  mailbox(const mailbox&) = delete;
  mailbox& operator=(const mailbox&) = delete;

  [[nodiscard]] bool push(T value) {
    bool first = false;
    {
      const std::lock_guard lock{mutex_};
      if (items_.size() >= capacity_) return false;
      first = items_.empty();
      items_.push_back(std::move(value));
    }
    if (first) wake_();
    return true;
  }

  void push_always(T value) {
    bool first = false;
    {
      const std::lock_guard lock{mutex_};
      first = items_.empty();
      items_.push_back(std::move(value));
    }
    if (first) wake_();
  }

  // Takes everything at once into `out`, which must be empty; its capacity is kept and given back for the next batch.
  void drain(std::vector<T>& out) {
    const std::lock_guard lock{mutex_};
    items_.swap(out);
  }

  [[nodiscard]] bool empty() const {
    const std::lock_guard lock{mutex_};
    return items_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<T> items_;
  const std::size_t capacity_;
  const std::function<void()> wake_;
};

}  // namespace stellwerk::async
