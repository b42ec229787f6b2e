#include "policy/route/proposal.hpp"

#include <algorithm>

namespace stellwerk::policy {

bool is_beyond(const spill_config& thresholds, const destination_status& status) {
  return (thresholds.backlog && status.backlog > static_cast<std::int64_t>(*thresholds.backlog)) ||
         (thresholds.waited && status.waited > *thresholds.waited);
}

void proposal::offer(std::uint16_t destination, verdict standing, candidate_reason reason) {
  if (ending_ != ending::none) return;
  // The same destination under the same limits was asked before; a second time tells nothing new.
  const auto known = std::find_if(candidates_.begin(), candidates_.end(), [&](const candidate& one) {
    return one.destination == destination && one.limits == limits_;
  });
  if (known != candidates_.end()) {
    // Drained as a member of a split, and named again behind it: it serves there.
    const bool was_drained = known->verdict == verdict::filtered && standing != verdict::filtered;
    if (!was_drained) return;
    candidates_.erase(known);
  }
  candidate next;
  next.destination = destination;
  next.verdict = standing;
  next.reason = reason;
  next.limits = limits_;
  next.shadows = open_shadows_;
  for (std::size_t i = 0; i < limits_.size() && next.verdict == verdict::standby; ++i) {
    if (open_limits_[i].live->limit_has_room(limits_[i], destination)) continue;
    next.verdict = verdict::unavailable;
    next.reason = open_limits_[i].when_full;
  }
  next.overflows = std::any_of(open_spills_.begin(), open_spills_.end(), [&](const open_spill& one) {
    return is_beyond(*one.thresholds, one.live->destination(destination, one.stream));
  });
  candidates_.push_back(std::move(next));
}

void proposal::end_with(ending what, std::string_view text) {
  if (ending_ != ending::none) return;
  ending_ = what;
  text_ = text;
}

void proposal::enter_limit(std::uint16_t index, candidate_reason when_full, const live_state& live) {
  limits_.push_back(index);
  open_limits_.push_back({when_full, &live});
}

void proposal::leave_limit() {
  limits_.pop_back();
  open_limits_.pop_back();
}

void proposal::enter_spill(const spill_config& thresholds, const live_state& live, mail::traffic_stream stream) {
  open_spills_.push_back({&thresholds, &live, stream});
}

void proposal::leave_spill() { open_spills_.pop_back(); }

}  // namespace stellwerk::policy
