// The inside of a policy: configuration, compiled conditions and trees. Built by the compiler, read by the router;
// private to this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/condition.hpp"
#include "policy/invariant/invariant_filter.hpp"
#include "policy/policy.hpp"
#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

struct compiled_rule {
  std::unique_ptr<const condition> when;
  mail::traffic_stream stream = mail::traffic_stream::transactional;
};

struct compiled_route {
  std::unique_ptr<const condition> when;
  route_node_ptr tree;
  std::vector<const condition*> switches;  // inside the tree
  bool depends_on_the_moment = false;      // what the tree proposes, apart from the live state of destinations
};

struct policy::impl {
  policy_config config;
  std::vector<destination_traits> destinations;
  std::string version;
  std::vector<compiled_rule> rules;    // parallel to config.classify_rules
  std::vector<compiled_route> routes;  // parallel to config.routes
  invariant_filter invariants;
  std::vector<limit_config> limits;
  std::vector<std::string> limit_names;
  std::vector<std::optional<spill_config>> spills;  // by destination

  [[nodiscard]] std::optional<std::uint16_t> index_of(std::string_view destination) const;
};

}  // namespace stellwerk::policy
