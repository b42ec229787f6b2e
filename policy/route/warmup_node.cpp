#include "policy/route/warmup_node.hpp"

namespace stellwerk::policy {

void warmup_node::propose(const facts& about, const history& past, const live_state& live, time_point now,
                          proposal& out) const {
  out.enter_limit(index_, reason_when_full(config_), live);
  child_->propose(about, past, live, now, out);
  out.leave_limit();
}

void warmup_node::describe(std::string& out) const {
  out += "warmup(" + policy::describe(config_) + ", ";
  child_->describe(out);
  out += ')';
}

}  // namespace stellwerk::policy
