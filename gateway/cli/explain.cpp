#include <iostream>

#include "base/file.hpp"
#include "gateway/cli/command.hpp"
#include "gateway/cli/load_or_report.hpp"
#include "gateway/rehearsal/rehearsal.hpp"

namespace stellwerk::cli {
namespace {

using rehearsal::assumption;

std::variant<assumption, std::string> load_assumption(const std::string& file,
                                                      const config::load_environment& environment) {
  if (file.empty()) return assumption{};
  const auto text = environment.read_file(file);
  if (!text) return file + ": cannot be read";
  auto parsed = config::parse_yaml(*text);
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&parsed))
    return to_string(faults->front(), file);
  return rehearsal::read_assumption(std::get<config::yaml_node>(parsed));
}

}  // namespace

int explain(const explain_arguments& arguments, const config::load_environment& environment,
            const control_reader& controls) {
  const auto settings = load_or_report(arguments.config, environment);
  if (!settings) return 1;
  const auto assumed = load_assumption(arguments.assume, environment);
  if (const auto* fault = std::get_if<std::string>(&assumed)) {
    std::cerr << "stellwerk: " << *fault << "\n";
    return 1;
  }
  for (const std::string& file : arguments.messages) {
    const auto content = read_file(file);
    if (!content) {
      std::cerr << "stellwerk: " << file << ": cannot be read\n";
      return 1;
    }
    const auto answer = rehearsal::rehearse(*settings, {*content, arguments.client, arguments.from, arguments.to},
                                            std::get<assumption>(assumed), controls);
    if (const auto* fault = std::get_if<std::string>(&answer)) {
      std::cerr << "stellwerk: " << file << ": " << *fault << "\n";
      return 1;
    }
    const auto& [message, recipients] = std::get<rehearsal::rehearsal>(answer);
    if (!message->client_fault.empty())
      std::cerr << "stellwerk: " << file << ": would be refused: " << message->client_fault << "\n";
    std::cout << policy::explain_json(*settings->policy, message->shown, message->stream, recipients) << "\n";
  }
  return 0;
}

}  // namespace stellwerk::cli
