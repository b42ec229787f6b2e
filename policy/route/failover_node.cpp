#include "policy/route/failover_node.hpp"

namespace stellwerk::policy {

void failover_node::propose(const facts& about, const history& past, const live_state& live, time_point now,
                            proposal& out) const {
  for (const route_node_ptr& child : children_) child->propose(about, past, live, now, out);
}

void failover_node::describe(std::string& out) const {
  out += "failover(";
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (i > 0) out += ", ";
    children_[i]->describe(out);
  }
  out += ')';
}

}  // namespace stellwerk::policy
