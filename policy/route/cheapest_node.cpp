#include "policy/route/cheapest_node.hpp"

#include <algorithm>

namespace stellwerk::policy {

void cheapest_node::propose(const facts& about, const history& past, const live_state& live, time_point now,
                            proposal& out) const {
  const auto before = static_cast<std::ptrdiff_t>(out.candidates().size());
  for (const route_node_ptr& child : children_) child->propose(about, past, live, now, out);
  std::stable_sort(
      out.candidates().begin() + before, out.candidates().end(),
      [this](const candidate& a, const candidate& b) { return prices_[a.destination] < prices_[b.destination]; });
}

void cheapest_node::describe(std::string& out) const {
  out += "cheapest(";
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (i > 0) out += ", ";
    children_[i]->describe(out);
  }
  out += ')';
}

}  // namespace stellwerk::policy
