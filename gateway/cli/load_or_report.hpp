// Loading a configuration for a command: faults go to standard error, one a line.
#pragma once

#include <optional>
#include <string>

#include "gateway/config/config.hpp"

namespace stellwerk::cli {

[[nodiscard]] std::optional<config::gateway_config> load_or_report(const std::string& file,
                                                                   const config::load_environment& environment);

}  // namespace stellwerk::cli
