// Slows down password guessing: the answer to a wrong password is delayed, doubling with each failure of the same peer
// address and of the same account. A right password is never delayed, so the owner of an account under attack gets in.
//
// Thread rule: any thread; one short mutex. Bounded: the oldest entries go first.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"

namespace stellwerk::ingress {

struct auth_delay_config {
  std::uint32_t free_failures = 2;  // people mistype
  duration first{std::chrono::milliseconds{250}};
  duration max{std::chrono::seconds{3}};
  duration forget_after{std::chrono::minutes{15}};  // without another failure
  std::size_t entries_max = 20'000;
};

class auth_failures {
 public:
  explicit auth_failures(auth_delay_config config = {}) : config_{config} {}

  // Counts, and says how long to wait before the answer.
  [[nodiscard]] duration record_failure(std::string_view peer_ip, std::string_view account, steady_point now);

 private:
  struct entry {
    std::uint32_t failures = 0;
    steady_point last{};
    std::list<std::string>::iterator place;
  };
  std::uint32_t count(std::string key, steady_point now);
  void forget(const std::string& key);

  const auth_delay_config config_;
  std::mutex mutex_;
  std::unordered_map<std::string, entry> entries_;  // "a" + address, "u" + account
  std::list<std::string> by_age_;                   // the one that failed last at the back
};

}  // namespace stellwerk::ingress
