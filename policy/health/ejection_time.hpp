// How long an ejection lasts: `ejection` doubled per repetition up to `ejection_max`, then up to a tenth more by
// chance, so that what was ejected together does not come back together.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/random.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

[[nodiscard]] inline duration ejection_time(const health_config& config, std::uint32_t repetitions,
                                            random_source& random) {
  duration time = std::min(config.ejection, config.ejection_max);
  for (std::uint32_t i = 0; i < repetitions && time < config.ejection_max; ++i) time *= 2;
  time = std::min(time, config.ejection_max);
  return time + duration{static_cast<long long>(static_cast<double>(time.count()) * random.unit() / 10)};
}

}  // namespace stellwerk::policy
