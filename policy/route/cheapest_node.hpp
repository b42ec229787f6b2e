// cheapest: its destinations by price, the lowest first; what is out for the moment is passed over like anywhere else,
// so mail takes the cheapest one that is available. Equal prices keep the written order.
#pragma once

#include <vector>

#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class cheapest_node final : public route_node {
 public:
  // `prices` per thousand by the index of the destination, in one currency for all below.
  cheapest_node(std::vector<route_node_ptr> children, std::vector<double> prices)
      : children_{std::move(children)}, prices_{std::move(prices)} {}
  void propose(const facts& about, const history& past, const live_state& live, time_point now,
               proposal& out) const override;
  void describe(std::string& out) const override;

 private:
  std::vector<route_node_ptr> children_;
  std::vector<double> prices_;
};

}  // namespace stellwerk::policy
