// dsn_limiter: at most so many notifications an hour to one address. What is more waits for a later hour, so that
// nobody is left untold; only beyond `hours_ahead_max` it is given up. Bounded: beyond `addresses_max` all is forgotten
// at once. Thread rule: one owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"

namespace stellwerk::delivery {

class dsn_limiter {
 public:
  static constexpr std::size_t addresses_max = 100'000;
  static constexpr std::uint64_t hours_ahead_max = 24;
  explicit dsn_limiter(std::uint32_t per_hour) : per_hour_{per_hour} {}

  // Counts one more, and says how long it has to wait; none: too many wait already.
  [[nodiscard]] std::optional<duration> admit(const std::string& address, steady_point now) {
    begin_hour(now);
    std::uint64_t& promised = promised_[address];
    if (promised >= (hours_ahead_max + 1) * per_hour_) return std::nullopt;
    const auto hours_ahead = static_cast<std::int64_t>(promised++ / per_hour_);
    if (hours_ahead == 0) return duration{0};
    return std::chrono::ceil<duration>(hour_began_ + std::chrono::hours{hours_ahead} - now);
  }

  // One that was counted was not made.
  void give_back(const std::string& address) {
    if (const auto at = promised_.find(address); at != promised_.end() && at->second > 0) --at->second;
  }

 private:
  void begin_hour(steady_point now) {
    if (promised_.size() >= addresses_max) promised_.clear();
    if (promised_.empty()) hour_began_ = now;
    const auto gone = (now - hour_began_) / std::chrono::hours{1};
    if (gone <= 0) return;
    hour_began_ += std::chrono::hours{gone};
    const std::uint64_t sent = static_cast<std::uint64_t>(gone) * per_hour_;
    for (auto at = promised_.begin(); at != promised_.end();) {
      at->second -= std::min(at->second, sent);
      at = at->second == 0 ? promised_.erase(at) : std::next(at);
    }
  }

  std::uint32_t per_hour_;
  steady_point hour_began_{};
  std::unordered_map<std::string, std::uint64_t> promised_;  // of this hour and those ahead
};

}  // namespace stellwerk::delivery
