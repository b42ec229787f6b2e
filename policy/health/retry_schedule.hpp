// When to try again: pure functions of the attempt number and a random source.
//
// Exponential with full jitter: uniform between one second and first * factor^(n-1), stopped at max, so a burst that
// failed together does not come back together. An unknown outcome waits by its own, unjittered row (architecture
// section 4).
#pragma once

#include <cstdint>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

enum class unknown_via : std::uint8_t { smtp, api };

// The bound that the jitter stays under. `attempts_made` counts from 1.
[[nodiscard]] duration retry_delay_bound(const retry_config& config, std::uint32_t attempts_made);
[[nodiscard]] duration retry_delay(const retry_config& config, std::uint32_t attempts_made, random_source& random);

// `unknowns` in a row so far, from 1: 5 m, 10 m ... 4 h for SMTP; 15 m ... for an API.
[[nodiscard]] duration unknown_delay(const unknown_wait_config& config, unknown_via via, std::uint32_t unknowns);

// refused_policy is confirmed once at the same destination after this.
inline constexpr duration refused_policy_confirm_after{std::chrono::minutes{5}};
// And once more after this, where nothing else was delivered meanwhile.
inline constexpr duration refused_policy_ask_again_after{std::chrono::minutes{10}};

}  // namespace stellwerk::policy
