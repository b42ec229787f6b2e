#include "policy/route/shadow_node.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "policy/route/sticky_hash.hpp"

namespace stellwerk::policy {

void shadow_node::propose(const facts& about, const history& past, const live_state& live, time_point now,
                          proposal& out) const {
  const bool is_copied = share_ >= 1 || sticky_unit(ascii_lower(about.recipient), name_) < share_;
  if (is_copied) out.enter_shadow(index_);
  child_->propose(about, past, live, now, out);
  if (is_copied) out.leave_shadow();
}

void shadow_node::describe(std::string& out) const {
  fmt::format_to(std::back_inserter(out), "shadow({} {}%, ", name_, share_ * 100);
  child_->describe(out);
  out += ')';
}

}  // namespace stellwerk::policy
