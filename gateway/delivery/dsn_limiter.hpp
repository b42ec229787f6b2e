// dsn_limiter: at most so many notifications an hour to one address. Bounded: beyond `addresses_max` the oldest hour is
// forgotten at once. Thread rule: one owner.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"

namespace stellwerk::delivery {

class dsn_limiter {
 public:
  static constexpr std::size_t addresses_max = 100'000;
  explicit dsn_limiter(std::uint32_t per_hour) : per_hour_{per_hour} {}

  [[nodiscard]] bool allow(const std::string& address, steady_point now) {
    if (now - hour_began_ >= std::chrono::hours{1} || sent_.size() >= addresses_max) {
      sent_.clear();
      hour_began_ = now;
    }
    return sent_[address]++ < per_hour_;
  }

 private:
  std::uint32_t per_hour_;
  steady_point hour_began_{};
  std::unordered_map<std::string, std::uint32_t> sent_;
};

}  // namespace stellwerk::delivery
