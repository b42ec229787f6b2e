// The configured message rate of each client, over all doors and io threads.
//
// A token bucket kept as one number, the time at which the bucket is full again (GCRA); a burst of one second's worth.
// Thread rule: any thread; one short mutex, taken only for clients that have a rate.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"

namespace stellwerk::ingress {

class client_rates {
 public:
  // Nothing: taken. Else how long until one more would be.
  [[nodiscard]] std::optional<duration> take(const std::string& client, double rate_per_second, steady_point now);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, steady_point> full_again_;  // bounded by the configured clients
};

}  // namespace stellwerk::ingress
