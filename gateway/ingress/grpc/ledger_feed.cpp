#include "gateway/ingress/grpc/ledger_feed.hpp"

#include <algorithm>

namespace stellwerk::ingress::grpc {

void ledger_feed::notify(std::uint64_t sequence) {
  std::vector<ledger_watcher*> woken;
  {
    const std::lock_guard lock{mutex_};
    last_ = std::max(last_, sequence);
    woken.swap(parked_);
  }
  for (ledger_watcher* one : woken) one->wake();
}

bool ledger_feed::park(ledger_watcher& who, std::uint64_t cursor) {
  const std::lock_guard lock{mutex_};
  if (last_ > cursor) return false;
  parked_.push_back(&who);
  return true;
}

bool ledger_feed::unpark(ledger_watcher& who) {
  const std::lock_guard lock{mutex_};
  return std::erase(parked_, &who) > 0;
}

}  // namespace stellwerk::ingress::grpc
