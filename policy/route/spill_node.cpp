#include "policy/route/spill_node.hpp"

#include <fmt/format.h>

namespace stellwerk::policy {

void spill_node::propose(const facts& about, const history& past, const live_state& live, time_point now,
                         proposal& out) const {
  out.enter_spill(config_, live, about.stream);
  child_->propose(about, past, live, now, out);
  out.leave_spill();
}

void spill_node::describe(std::string& out) const {
  out += "spill(";
  if (config_.backlog) fmt::format_to(std::back_inserter(out), "backlog {}, ", *config_.backlog);
  if (config_.waited)
    fmt::format_to(std::back_inserter(out), "waited {}s, ", static_cast<double>(config_.waited->count()) / 1000);
  child_->describe(out);
  out += ')';
}

}  // namespace stellwerk::policy
