// ledger_feed: tells watchers of events that there is more to read. It holds no events: a watcher reads the ledger from
// its own cursor on, so a slow one costs the others nothing.
//
// Thread rule: any thread; `notify` takes a lock for a moment and calls `wake`, which must only post.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

namespace stellwerk::ingress::grpc {

class ledger_watcher {
 public:
  virtual void wake() = 0;

 protected:
  ~ledger_watcher() = default;
};

class ledger_feed {
 public:
  explicit ledger_feed(std::uint64_t last) : last_{last} {}

  void notify(std::uint64_t sequence);

  // Parks the watcher until there is something after `cursor`. False: there is already, read again.
  [[nodiscard]] bool park(ledger_watcher& who, std::uint64_t cursor);
  // True: it was parked and will not be woken any more. False: it was not, or its wake() is under way.
  [[nodiscard]] bool unpark(ledger_watcher& who);

 private:
  std::mutex mutex_;
  std::uint64_t last_;
  std::vector<ledger_watcher*> parked_;
};

}  // namespace stellwerk::ingress::grpc
