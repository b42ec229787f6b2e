// route_node: one node of a route's tree. Small, immutable, shared between threads; it proposes and changes nothing, so
// explain, replay and the worker ask the same function.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "policy/facts.hpp"
#include "policy/history.hpp"
#include "policy/live_state.hpp"
#include "policy/route/proposal.hpp"

namespace stellwerk::policy {

class route_node {
 public:
  virtual ~route_node() = default;
  // Appends candidates in order, and a reason for each that is left out.
  virtual void propose(const facts& about, const history& past, const live_state& live, time_point now,
                       proposal& out) const = 0;
  // Appends itself: "failover(onprem, limit(rate 50/s, mailjet))".
  virtual void describe(std::string& out) const = 0;
};
using route_node_ptr = std::unique_ptr<const route_node>;

}  // namespace stellwerk::policy
