// The policy and the destinations it knows as one text that depends on their meaning alone: two files that say the same
// have the same version, whatever their order of keys, comments and spacing.
#pragma once

#include <string>
#include <vector>

#include "policy/policy_config.hpp"

namespace stellwerk::policy {

[[nodiscard]] std::string canonical_text(const policy_config& config,
                                         const std::vector<destination_traits>& destinations);

}  // namespace stellwerk::policy
