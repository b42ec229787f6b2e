#include "policy/route/limit_node.hpp"

#include <fmt/format.h>

namespace stellwerk::policy {

void limit_node::propose(const facts& about, const history& past, const live_state& live, time_point now,
                         proposal& out) const {
  out.enter_limit(index_, reason_when_full(config_), live);
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
  if (config.warmup) {
    const std::chrono::year_month_day from{config.warmup->from};
    return fmt::format("from {:04}-{:02}-{:02} {}", static_cast<int>(from.year()), static_cast<unsigned>(from.month()),
                       static_cast<unsigned>(from.day()), fmt::join(config.warmup->daily, " "));
  }
  return "none";
}

candidate_reason reason_when_full(const limit_config& config) {
  if (config.budget) return candidate_reason::budget;
  if (config.per_day || config.per_month || config.warmup) return candidate_reason::quota;
  return candidate_reason::limit;
}

}  // namespace stellwerk::policy
