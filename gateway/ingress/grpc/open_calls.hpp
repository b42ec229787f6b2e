// How many calls are under way: what a drain waits for (gRPC's own shutdown also waits for idle connections to close,
// which some clients do after seconds), and what keeps the door: the end of a call is the last that it does with it.
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace stellwerk::ingress::grpc {

class open_calls {
 public:
  void begin() {
    const std::lock_guard lock{mutex_};
    ++number_;
  }
  void end() {
    const std::lock_guard lock{mutex_};
    if (--number_ == 0) none_.notify_all();  // under the lock: who waits may destroy this right after it
  }
  void wait_none() {
    std::unique_lock lock{mutex_};
    none_.wait(lock, [this] { return number_ == 0; });
  }
  // True: there were none before `limit` was over.
  bool wait_none(std::chrono::milliseconds limit) {
    std::unique_lock lock{mutex_};
    return none_.wait_for(lock, limit, [this] { return number_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t number_ = 0;
};

// One of them, as long as this lives.
class open_call {
 public:
  explicit open_call(open_calls& all) : all_{all} { all_.begin(); }
  open_call(const open_call&) = delete;
  open_call& operator=(const open_call&) = delete;
  ~open_call() { all_.end(); }

 private:
  open_calls& all_;
};

}  // namespace stellwerk::ingress::grpc
