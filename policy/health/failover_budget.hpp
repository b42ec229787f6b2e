// failover_budget: how many re-attempts at once another destination may get: a share of the live first attempts of the
// last ten seconds, plus a minimum per second. Empty: the recipient defers by the retry schedule. A first attempt at a
// standby is no re-attempt and spends nothing. Thread rule: one owner.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

class failover_budget {
 public:
  static constexpr std::size_t window_seconds = 10;

  explicit failover_budget(const failover_budget_config& config) : config_{config} {}

  void first_attempt(steady_point now);
  [[nodiscard]] bool try_spend(steady_point now);
  [[nodiscard]] double remaining(steady_point now) const;

 private:
  struct slot {
    std::int64_t second = -1;
    std::uint64_t first_attempts = 0;
    std::uint64_t spent = 0;
  };
  [[nodiscard]] slot& slot_at(steady_point now);

  failover_budget_config config_;
  std::array<slot, window_seconds> slots_{};
};

}  // namespace stellwerk::policy
