// failover: its children in the order they are written. A list in the configuration is one.
#pragma once

#include <vector>

#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class failover_node final : public route_node {
 public:
  explicit failover_node(std::vector<route_node_ptr> children) : children_{std::move(children)} {}
  void propose(const facts& about, const history& past, const live_state& live, time_point now,
               proposal& out) const override;
  void describe(std::string& out) const override;

 private:
  std::vector<route_node_ptr> children_;
};

}  // namespace stellwerk::policy
