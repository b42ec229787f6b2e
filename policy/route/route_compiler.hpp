// Builds the tree of a route from its configuration; every fault at once, each with the path of the value it is about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy_config.hpp"
#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class route_compiler {
 public:
  route_compiler(const std::vector<destination_traits>& destinations, std::vector<policy_fault>& faults)
      : destinations_{destinations}, faults_{faults} {}

  // Null if the node has faults. `limit` nodes are numbered in the order they are met, over all routes.
  [[nodiscard]] route_node_ptr compile(const node_config& node);

  [[nodiscard]] std::vector<limit_config> take_limits() { return std::move(limits_); }
  [[nodiscard]] std::vector<std::string> take_limit_paths() { return std::move(limit_paths_); }

 private:
  [[nodiscard]] std::optional<std::uint16_t> find(std::string_view name, const std::string& path);
  [[nodiscard]] route_node_ptr destination(const node_config& node);
  [[nodiscard]] route_node_ptr failover(const node_config& node);
  [[nodiscard]] route_node_ptr split(const node_config& node);
  [[nodiscard]] route_node_ptr limit(const node_config& node);
  void check_bound(const node_config& node);
  void check_budget(const node_config& below, const money& budget, const std::string& path);
  void fault(const std::string& path, std::string reason) { faults_.push_back({path, std::move(reason), 0}); }

  const std::vector<destination_traits>& destinations_;
  std::vector<policy_fault>& faults_;
  std::vector<limit_config> limits_;
  std::vector<std::string> limit_paths_;
};

// True if a refuse node is anywhere in the tree: its route's condition may not name what changes while mail waits.
[[nodiscard]] bool can_refuse(const node_config& node);

// "; did you mean 'onprem'?" when a destination's name is near, else "".
[[nodiscard]] std::string nearest_destination_hint(std::string_view name,
                                                   const std::vector<destination_traits>& destinations);

}  // namespace stellwerk::policy
