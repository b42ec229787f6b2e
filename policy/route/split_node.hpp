// split: shares mail between destinations by weight, the same recipient (message, campaign) always the same way.
//
// Weighted rendezvous hashing: each member scores the key by itself, so a change of weights moves only the difference.
// The members that were not drawn follow in the order of their scores as standby; weight 0 drains a member: nothing new
// goes there. The hash is part of the behaviour and never changes between versions.
#pragma once

#include <vector>

#include "policy/policy_config.hpp"
#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class split_node final : public route_node {
 public:
  struct member {
    std::uint16_t index = 0;
    std::string name;
    double weight = 0;
  };

  split_node(std::vector<member> members, split_by by) : members_{std::move(members)}, by_{by} {}
  void propose(const facts& about, const history& past, const live_state& live, time_point now,
               proposal& out) const override;
  void describe(std::string& out) const override;

 private:
  std::vector<member> members_;
  split_by by_;
};

}  // namespace stellwerk::policy
