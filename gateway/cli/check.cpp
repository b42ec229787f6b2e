#include <iostream>
#include <variant>

#include "gateway/cli/command.hpp"
#include "gateway/cli/load_or_report.hpp"

namespace stellwerk::cli {

std::optional<config::gateway_config> load_or_report(const std::string& file, const config::load_environment& environment) {
  auto loaded = config::load_config(file, environment);
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&loaded)) {
    for (const config::config_fault& one : *faults) std::cerr << to_string(one, file) << "\n";
    return std::nullopt;
  }
  return std::get<config::gateway_config>(std::move(loaded));
}

int check(const check_arguments& arguments, const config::load_environment& environment) {
  const auto loaded = load_or_report(arguments.config, environment);
  if (!loaded) return 1;
  std::cout << config::describe(*loaded);
  return 0;
}

}  // namespace stellwerk::cli
