#include "policy/health/failover_budget.hpp"

#include <algorithm>

namespace stellwerk::policy {
namespace {

std::int64_t second_of(steady_point now) {
  return std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
}

}  // namespace

failover_budget::slot& failover_budget::slot_at(steady_point now) {
  const std::int64_t second = second_of(now);
  slot& one = slots_[static_cast<std::size_t>(second) % window_seconds];
  if (one.second != second) one = {second, 0, 0};
  return one;
}

void failover_budget::first_attempt(steady_point now) { ++slot_at(now).first_attempts; }

double failover_budget::remaining(steady_point now) const {
  const std::int64_t oldest = second_of(now) - static_cast<std::int64_t>(window_seconds) + 1;
  std::uint64_t first_attempts = 0;
  std::uint64_t spent = 0;
  for (const slot& one : slots_) {
    if (one.second < oldest) continue;
    first_attempts += one.first_attempts;
    spent += one.spent;
  }
  const double allowed = config_.ratio * static_cast<double>(first_attempts) +
                         config_.minimum_per_second * static_cast<double>(window_seconds);
  return std::max(0.0, allowed - static_cast<double>(spent));
}

bool failover_budget::try_spend(steady_point now) {
  if (remaining(now) < 1) return false;
  ++slot_at(now).spent;
  return true;
}

}  // namespace stellwerk::policy
