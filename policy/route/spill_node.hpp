// spill: while the backlog of a destination below it is too long, or the first in line has waited too long, mail that
// finds it full or throttled goes on to the next candidate instead of waiting. The destination itself goes on at full
// speed: only the surplus leaves it.
#pragma once

#include "policy/policy_config.hpp"
#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class spill_node final : public route_node {
 public:
  spill_node(spill_config config, route_node_ptr child) : config_{config}, child_{std::move(child)} {}
  void propose(const facts& about, const history& past, const live_state& live, time_point now,
               proposal& out) const override;
  void describe(std::string& out) const override;

 private:
  spill_config config_;
  route_node_ptr child_;
};

}  // namespace stellwerk::policy
