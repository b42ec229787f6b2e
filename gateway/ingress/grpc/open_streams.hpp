// The streams that are open, so that a drain can end them: a stream has no end of its own that one could wait for.
//
// Thread rule: any thread. `stop_all` calls `stop` under its lock, so a stream that left is never called.
#pragma once

#include <cstddef>
#include <mutex>
#include <unordered_set>

namespace stellwerk::ingress::grpc {

class open_stream {
 public:
  // Take nothing new and finish. Must not block and not leave the set itself.
  virtual void stop() = 0;

 protected:
  ~open_stream() = default;
};

class open_streams {
 public:
  // False: the door is closed.
  [[nodiscard]] bool add(open_stream& one) {
    const std::lock_guard lock{mutex_};
    if (!stopped_) all_.insert(&one);
    return !stopped_;
  }
  void remove(open_stream& one) {
    const std::lock_guard lock{mutex_};
    all_.erase(&one);
  }
  void stop_all() {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    for (open_stream* one : all_) one->stop();
  }

 private:
  std::mutex mutex_;
  std::unordered_set<open_stream*> all_;
  bool stopped_ = false;
};

}  // namespace stellwerk::ingress::grpc
