#include "gateway/delivery/slot_share.hpp"

#include <algorithm>
#include <cmath>

namespace stellwerk::delivery {

std::uint32_t slot_share::guaranteed(mail::traffic_stream stream, std::uint32_t allowed) const {
  const double share = stream == mail::traffic_stream::transactional ? shares_.transactional : shares_.marketing;
  return static_cast<std::uint32_t>(std::ceil(share * allowed));
}

std::uint32_t slot_share::room(mail::traffic_stream stream, std::uint32_t allowed, bool other_waits) const {
  const auto left = [](std::uint32_t of, std::uint32_t taken) { return of - std::min(of, taken); };
  const bool marketing = stream == mail::traffic_stream::marketing;
  const std::uint32_t never_lent = allowed >= 2 ? std::max(1U, allowed / 10) : 0;
  std::uint32_t free = left(allowed, in_use());
  if (marketing) free = std::min(free, left(allowed, used_[1] + never_lent));
  if (!other_waits) return free;
  // The other stream waits: what it is guaranteed and does not use yet stays free for it.
  const auto other = marketing ? mail::traffic_stream::transactional : mail::traffic_stream::marketing;
  const std::uint32_t owed = left(guaranteed(other, allowed), in_use(other));
  const std::uint32_t own = left(guaranteed(stream, allowed), in_use(stream));
  return std::min(free, std::max(own, left(left(allowed, in_use()), owed)));
}

}  // namespace stellwerk::delivery
