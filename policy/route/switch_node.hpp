// switch: the first case whose condition says yes proposes; none: `otherwise`. A condition that cannot be evaluated
// does not match, and is counted.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "policy/condition.hpp"
#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class switch_node final : public route_node {
 public:
  struct branch {
    std::unique_ptr<const condition> when;
    std::string source;
    route_node_ptr via;
  };

  // `destinations` outlive the node: the conditions name them.
  switch_node(std::vector<branch> branches, route_node_ptr otherwise, std::span<const destination_traits> destinations)
      : branches_{std::move(branches)}, otherwise_{std::move(otherwise)}, destinations_{destinations} {}
  void propose(const facts& about, const history& past, const live_state& live, time_point now,
               proposal& out) const override;
  void describe(std::string& out) const override;

 private:
  std::vector<branch> branches_;
  route_node_ptr otherwise_;
  std::span<const destination_traits> destinations_;
};

}  // namespace stellwerk::policy
