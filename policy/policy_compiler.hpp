// Turns a configuration into a policy, or into the list of everything that is wrong with it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/compiled_policy.hpp"
#include "policy/route/route_compiler.hpp"

namespace stellwerk::policy {

class policy_compiler {
 public:
  policy_compiler(const policy_config& config, const std::vector<destination_traits>& destinations);

  // Null when faults() is not empty.
  [[nodiscard]] std::unique_ptr<policy::impl> compile();
  [[nodiscard]] std::vector<policy_fault> take_faults() { return std::move(faults_); }

 private:
  void check_destinations();
  void check_names();
  void check_settings();
  void compile_rules();
  void compile_invariants();
  void compile_routes();
  void compile_route(const route_config& config, route_compiler& trees);
  [[nodiscard]] std::unique_ptr<const condition> compile_condition(const std::string& source, const std::string& path,
                                                                   condition_use use);
  void fault(std::string path, std::string reason) { faults_.push_back({std::move(path), std::move(reason), 0}); }
  template <class Named>
  void check_unique(const std::vector<Named>& all);

  std::unique_ptr<policy::impl> made_;
  std::vector<policy_fault> faults_;
};

}  // namespace stellwerk::policy
