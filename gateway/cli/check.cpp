// `stellwerk check`: everything that is wrong with a configuration, at once, and what is in force if nothing is.
#include <iostream>
#include <variant>

#include <boost/json.hpp>

#include "gateway/cli/command.hpp"
#include "gateway/cli/load_or_report.hpp"

namespace stellwerk::cli {
namespace {

namespace json = boost::json;
using severity = config::config_finding::severity;

void print(const check_arguments& arguments, const config::config_finding& one) {
  const bool fault = one.weight == severity::fault;
  if (arguments.format == output::json) {
    std::cout << json::serialize(json::object{{"severity", fault ? "fault" : "warning"},
                                              {"file", arguments.config},
                                              {"line", one.what.at.line},
                                              {"column", one.what.at.column},
                                              {"path", one.what.path},
                                              {"reason", one.what.reason}})
              << "\n";
    return;
  }
  config::config_fault shown = one.what;
  if (!fault) shown.reason = "warning: " + shown.reason;
  std::cerr << to_string(shown, arguments.config) << "\n";
}

}  // namespace

std::optional<config::gateway_config> load_or_report(const std::string& file,
                                                     const config::load_environment& environment) {
  auto loaded = config::load_config(file, environment);
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&loaded)) {
    for (const config::config_fault& one : *faults) std::cerr << to_string(one, file) << "\n";
    return std::nullopt;
  }
  return std::get<config::gateway_config>(std::move(loaded));
}

int check(const check_arguments& arguments, const config::load_environment& environment) {
  auto loaded = config::load_config(arguments.config, environment);
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&loaded)) {
    for (const config::config_fault& one : *faults) print(arguments, {severity::fault, one});
    return 1;
  }
  const auto& settings = std::get<config::gateway_config>(loaded);
  bool faulty = false;
  for (const config::config_finding& one : settings.findings) {
    print(arguments, one);
    faulty = faulty || one.weight == severity::fault || arguments.strict;
  }
  if (faulty) return 1;
  if (arguments.format == output::text) std::cout << config::describe(settings);
  return 0;
}

}  // namespace stellwerk::cli
