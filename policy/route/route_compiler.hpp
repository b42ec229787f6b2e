// Builds the tree of a route from its configuration; every fault at once, each with the path of the value it is about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/condition.hpp"
#include "policy/policy_config.hpp"
#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class route_compiler {
 public:
  route_compiler(const std::vector<destination_traits>& destinations, std::vector<policy_fault>& faults)
      : destinations_{destinations}, faults_{faults}, spills_(destinations.size()) {}

  // The tree of a route; null if it has faults. Limits are numbered in the order they are met, over all routes.
  [[nodiscard]] route_node_ptr compile(const route_config& route, condition_use use);
  // The conditions of the switches inside the tree compiled last; owned by it.
  [[nodiscard]] std::vector<const condition*> take_switches() { return std::move(switches_); }

  [[nodiscard]] std::vector<limit_config> take_limits() { return std::move(limits_); }
  [[nodiscard]] std::vector<std::string> take_limit_names() { return std::move(limit_names_); }
  [[nodiscard]] std::vector<std::optional<spill_config>> take_spills() { return std::move(spills_); }

 private:
  [[nodiscard]] std::optional<std::uint16_t> find(std::string_view name, const std::string& path);
  [[nodiscard]] route_node_ptr destination(const node_config& node);
  [[nodiscard]] route_node_ptr failover(const node_config& node);
  [[nodiscard]] route_node_ptr split(const node_config& node);
  [[nodiscard]] route_node_ptr limit(const node_config& node);
  [[nodiscard]] route_node_ptr warmup(const node_config& node);
  [[nodiscard]] route_node_ptr cheapest(const node_config& node);
  [[nodiscard]] route_node_ptr spill(const node_config& node);
  [[nodiscard]] route_node_ptr shadow(const node_config& node);
  [[nodiscard]] route_node_ptr switch_by(const node_config& node);
  [[nodiscard]] route_node_ptr node_of(const node_config& node);
  [[nodiscard]] std::vector<route_node_ptr> list_of(const node_config& node);
  [[nodiscard]] route_node_ptr only_child(const node_config& node, const char* what_for);
  [[nodiscard]] std::uint16_t number_limit(const node_config& node);
  void note_spill(const node_config& below, const spill_config& thresholds);
  void check_bound(const node_config& node);
  void check_prices(const node_config& below, const std::string& path, std::string& currency);
  void check_budget(const node_config& below, const money& budget, const std::string& path);
  void fault(const std::string& path, std::string reason) { faults_.push_back({path, std::move(reason), 0}); }

  const std::vector<destination_traits>& destinations_;
  std::vector<policy_fault>& faults_;
  const route_config* route_ = nullptr;  // being compiled
  condition_use use_ = condition_use::route;
  std::vector<limit_config> limits_;
  std::vector<std::string> limit_names_;
  std::vector<std::optional<spill_config>> spills_;  // by destination
  std::vector<const condition*> switches_;
};

// True if a refuse or discard node is anywhere in the tree: conditions may not name what changes while mail waits.
[[nodiscard]] bool can_end_for_good(const node_config& node);

// "; did you mean 'onprem'?" when a destination's name is near, else "".
[[nodiscard]] std::string nearest_destination_hint(std::string_view name,
                                                   const std::vector<destination_traits>& destinations);

}  // namespace stellwerk::policy
