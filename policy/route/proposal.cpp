#include "policy/route/proposal.hpp"

#include <algorithm>

namespace stellwerk::policy {

void proposal::offer(std::uint16_t destination, verdict standing, candidate_reason reason) {
  if (ending_ != ending::none) return;
  // The same destination under the same limits was asked before; a second time tells nothing new.
  const bool known = std::any_of(candidates_.begin(), candidates_.end(), [&](const candidate& one) {
    return one.destination == destination && one.limits == open_limits_;
  });
  if (known) return;
  candidate next;
  next.destination = destination;
  next.verdict = standing;
  next.reason = reason;
  next.limits = open_limits_;
  const bool full = std::find(full_limits_.begin(), full_limits_.end(), true) != full_limits_.end();
  if (full && standing == verdict::standby) {
    next.verdict = verdict::unavailable;
    next.reason = candidate_reason::limit;
  }
  candidates_.push_back(std::move(next));
}

void proposal::end_with(ending what, std::string_view text) {
  if (ending_ != ending::none) return;
  ending_ = what;
  text_ = text;
}

void proposal::enter_limit(std::uint16_t index, bool has_room) {
  open_limits_.push_back(index);
  full_limits_.push_back(!has_room);
}

void proposal::leave_limit() {
  open_limits_.pop_back();
  full_limits_.pop_back();
}

}  // namespace stellwerk::policy
