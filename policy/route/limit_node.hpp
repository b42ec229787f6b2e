// limit: bounds what goes below it by rate, concurrency, quota or budget; what exceeds goes on to the next candidate.
//
// The counters live with the dispatcher; the node only asks whether there is room and names the limit in the
// candidates, so that a reservation takes from it.
#pragma once

#include "policy/policy_config.hpp"
#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class limit_node final : public route_node {
 public:
  limit_node(std::uint16_t index, const limit_config& config, route_node_ptr child)
      : index_{index}, config_{config}, child_{std::move(child)} {}
  void propose(const facts& about, const history& past, const live_state& live, time_point now,
               proposal& out) const override;
  void describe(std::string& out) const override;

 private:
  std::uint16_t index_;
  limit_config config_;
  route_node_ptr child_;
};

// "rate 50/s", "concurrency 5", "per_day 1000", "per_month 50000", "budget 100 EUR", "from 2026-12-01 200 400".
[[nodiscard]] std::string describe(const limit_config& config);
// Why a candidate is out when this bound is used up.
[[nodiscard]] candidate_reason reason_when_full(const limit_config& config);

}  // namespace stellwerk::policy
