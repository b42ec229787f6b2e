#include "gateway/delivery/slot_share.hpp"

#include <algorithm>
#include <cmath>

namespace stellwerk::delivery {

std::uint32_t slot_share::guaranteed(mail::traffic_stream stream, std::uint32_t allowed) const {
  const double share = stream == mail::traffic_stream::transactional ? shares_.transactional : shares_.marketing;
  return static_cast<std::uint32_t>(std::ceil(share * allowed));
}

bool slot_share::may_take(mail::traffic_stream stream, std::uint32_t allowed, bool other_waits) const {
  if (in_use() >= allowed) return false;
  const bool marketing = stream == mail::traffic_stream::marketing;
  const std::uint32_t never_lent = allowed >= 2 ? std::max(1U, allowed / 10) : 0;
  if (marketing && used_[1] + never_lent >= allowed) return false;
  if (used_[index(stream)] < guaranteed(stream, allowed)) return true;
  if (!other_waits) return true;
  // The other stream waits: what it is guaranteed and does not use yet stays free for it.
  const auto other = marketing ? mail::traffic_stream::transactional : mail::traffic_stream::marketing;
  const std::uint32_t owed = guaranteed(other, allowed) - std::min(guaranteed(other, allowed), in_use(other));
  const std::uint32_t free = allowed - in_use();
  return free > owed;
}

}  // namespace stellwerk::delivery
