// A fault in a configuration file: where, at which path, why. All faults of a file are collected before any is
// reported.
#pragma once

#include <string>
#include <vector>

namespace stellwerk::config {

struct position {
  std::size_t line = 0;    // from 1; 0: nowhere in the file (a missing key of the root)
  std::size_t column = 0;  // from 1
};

struct config_fault {
  position at;
  std::string path;  // "policy.routes[1].via[0]"
  std::string reason;
};

// One value that is in force: what the file says, or the default where it says nothing. Secrets are masked.
struct effective_setting {
  std::string path;
  std::string value;  // "not set" where there is none
  position at;        // line 0: the default
};

// What can be loaded and cannot be meant: found by `check`, logged by `serve`, never a reason not to start.
struct config_finding {
  enum class severity : unsigned char { warning, fault };
  severity weight = severity::warning;
  config_fault what;
};

// "stellwerk.yaml:41:9: policy.routes[1].via[0]: unknown destination 'ses-eu'"
[[nodiscard]] std::string to_string(const config_fault& fault, const std::string& file);

}  // namespace stellwerk::config
