#include "policy/health/retry_schedule.hpp"

#include <algorithm>
#include <cmath>

namespace stellwerk::policy {
namespace {

duration grown(duration first, double factor, std::uint32_t steps, duration max) {
  const double exact = static_cast<double>(first.count()) * std::pow(std::max(factor, 1.0), steps);
  if (!(exact < static_cast<double>(max.count()))) return max;
  return duration{static_cast<long long>(exact)};
}

// Jitter never means "at once".
constexpr duration delay_min{std::chrono::seconds{1}};

}  // namespace

duration retry_delay_bound(const retry_config& config, std::uint32_t attempts_made) {
  return grown(config.first, config.factor, attempts_made > 0 ? attempts_made - 1 : 0,
               std::max(config.max, config.first));
}

duration retry_delay(const retry_config& config, std::uint32_t attempts_made, random_source& random) {
  const duration bound = retry_delay_bound(config, attempts_made);
  const duration least = std::min({delay_min, bound, config.first});
  const auto width = static_cast<std::uint64_t>((bound - least).count());
  return least + duration{static_cast<long long>(random.below(width + 1))};
}

duration unknown_delay(const unknown_wait_config& config, unknown_via via, std::uint32_t unknowns) {
  const duration first = via == unknown_via::smtp ? config.smtp : config.api;
  return grown(first, 2, unknowns > 0 ? unknowns - 1 : 0, std::max(config.max, first));
}

}  // namespace stellwerk::policy
