#include "policy/route/limit_node.hpp"

#include <fmt/format.h>

namespace stellwerk::policy {

void limit_node::propose(const facts& about, const history& past, const live_state& live, time_point now,
                         proposal& out) const {
  out.enter_limit(index_, live.limit_has_room(index_));
  child_->propose(about, past, live, now, out);
  out.leave_limit();
}

void limit_node::describe(std::string& out) const {
  out += "limit(" + policy::describe(config_) + ", ";
  child_->describe(out);
  out += ')';
}

std::string describe(const limit_config& config) {
  if (config.rate_per_second) return fmt::format("rate {}/s", *config.rate_per_second);
  if (config.concurrency) return fmt::format("concurrency {}", *config.concurrency);
  if (config.per_day) return fmt::format("per_day {}", *config.per_day);
  if (config.per_month) return fmt::format("per_month {}", *config.per_month);
  if (config.budget) return fmt::format("budget {} {}", config.budget->amount, config.budget->currency);
  return "none";
}

}  // namespace stellwerk::policy
