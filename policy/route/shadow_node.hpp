// shadow: mail goes the way of its child, and a share of it also, as a copy, into the sandbox of another destination,
// which says what it would do with it and delivers nothing. The same recipient is always in the share or never.
#pragma once

#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class shadow_node final : public route_node {
 public:
  shadow_node(std::uint16_t index, std::string name, double share, route_node_ptr child)
      : index_{index}, name_{std::move(name)}, share_{share}, child_{std::move(child)} {}
  void propose(const facts& about, const history& past, const live_state& live, time_point now,
               proposal& out) const override;
  void describe(std::string& out) const override;

 private:
  std::uint16_t index_;
  std::string name_;
  double share_;
  route_node_ptr child_;
};

}  // namespace stellwerk::policy
