// Loads a configuration from text, with files, variables and adapters that are the test's.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "gateway/config/config.hpp"

namespace stellwerk::test {

class loader {
 public:
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> variables;
  std::vector<config::path_fault> doors_say;  // when not empty, the doors are asked

  [[nodiscard]] std::variant<config::gateway_config, std::vector<config::config_fault>> load(
      const std::string& text) const;
  // "LINE:COLUMN: path: reason", in the order of the file; empty when it loads.
  [[nodiscard]] std::vector<std::string> faults(const std::string& text) const;
  [[nodiscard]] config::gateway_config good(const std::string& text) const;
};

// The smallest file that loads, and what a test adds to it.
[[nodiscard]] std::string small_file(const std::string& more = {});

}  // namespace stellwerk::test
