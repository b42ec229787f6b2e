// A route whose tree is one failover, with the paths that a configuration would give it.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "policy/policy.hpp"

namespace stellwerk::policy {

// `index`: which of the policy's routes it is.
inline route_config failover_route(std::string name, const std::vector<std::string>& destinations,
                                   std::size_t index = 0) {
  route_config made;
  made.name = std::move(name);
  made.path = "policy.routes[" + std::to_string(index) + "]";
  made.via.what = node_config::kind::failover;
  made.via.path = made.path + ".via";
  for (const std::string& destination : destinations) {
    node_config child;
    child.path = made.via.path + "[" + std::to_string(made.via.children.size()) + "]";
    child.name = destination;
    made.via.children.push_back(std::move(child));
  }
  return made;
}

}  // namespace stellwerk::policy
