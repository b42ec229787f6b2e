#include "gateway/config/config.hpp"

namespace stellwerk::config {

std::string describe(const gateway_config& config) {
  std::string out = "policy_version: " + config.policy->version() + "\n";
  for (const effective_setting& one : config.in_force) {
    out += one.path + ": " + one.value;
    out += one.at.line == 0 ? "  # default" : "  # line " + std::to_string(one.at.line);
    out += "\n";
  }
  out += "routes:\n";
  for (std::size_t i = 0; i < config.policy->routes().size(); ++i) {
    const policy::route_config& route = config.policy->routes()[i];
    out += "  - {name: " + route.name + (route.when.empty() ? "" : ", when: '" + route.when + "'") +
           ", via: " + config.policy->describe(i) + ", on_unknown: " + to_string(route.on_unknown) + "}\n";
  }
  return out;
}

}  // namespace stellwerk::config
