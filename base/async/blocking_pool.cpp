#include "base/async/blocking_pool.hpp"

#include <limits>
#include <utility>

#include <pthread.h>

namespace stellwerk::async {

blocking_pool::blocking_pool(std::size_t threads, std::size_t queue_max, std::string name) : queue_max_{queue_max} {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
    const std::string label = name.substr(0, 12) + std::to_string(i);  // the kernel keeps 15 octets
    pthread_setname_np(threads_.back().native_handle(), label.c_str());
  }
}

blocking_pool::~blocking_pool() { stop(); }

bool blocking_pool::post(std::function<void()> work) { return post_below(queue_max_, std::move(work)); }

bool blocking_pool::post_always(std::function<void()> work) {
  return post_below(std::numeric_limits<std::size_t>::max(), std::move(work));
}

bool blocking_pool::post_below(std::size_t queued_max, std::function<void()> work) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_ || queue_.size() >= queued_max) return false;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void blocking_pool::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void blocking_pool::work() {
  for (;;) {
    std::function<void()> next;
    {
      std::unique_lock lock{mutex_};
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      next = std::move(queue_.front());
      queue_.pop_front();
    }
    next();
  }
}

}  // namespace stellwerk::async
