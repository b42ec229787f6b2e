// `stellwerk serve`: the process around the gateway: signals and exit codes.
#pragma once

#include <string>

namespace stellwerk::app {

// SIGHUP reloads, SIGTERM and SIGINT drain, a second one ends at once.
[[nodiscard]] int serve(const std::string& config_file);

struct simulate_arguments {
  std::string smtp_address;
  std::string http_address;
  std::string faults_file;
  std::string record_path;
  std::string raw_directory;
};
[[nodiscard]] int simulate(const simulate_arguments& arguments);

}  // namespace stellwerk::app
