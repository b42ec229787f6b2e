// warmup: lets a new sending address carry a little more every day; the surplus goes on to the next candidate.
//
// The schedule is a limit whose bound depends on the day, so the counter, its name over reloads and its survival of a
// restart are the limit's.
#pragma once

#include "policy/route/limit_node.hpp"

namespace stellwerk::policy {

class warmup_node final : public route_node {
 public:
  warmup_node(std::uint16_t index, limit_config config, route_node_ptr child)
      : index_{index}, config_{std::move(config)}, child_{std::move(child)} {}
  void propose(const facts& about, const history& past, const live_state& live, time_point now,
               proposal& out) const override;
  void describe(std::string& out) const override;

 private:
  std::uint16_t index_;
  limit_config config_;
  route_node_ptr child_;
};

}  // namespace stellwerk::policy
