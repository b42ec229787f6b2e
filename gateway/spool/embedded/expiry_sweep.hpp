// expiry_sweep: forgets idempotency keys past their time, a bounded number at a time. Committer only.
//
// A key lives at least as long as its message is open, and 24 h after that ended, so that a client that hears late of a
// success cannot send again what was just delivered.
#pragma once

#include <cstddef>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gateway/spool/embedded/state_db.hpp"

namespace stellwerk::spool::embedded {

struct sweep_result {
  std::size_t looked_at = 0;
  std::size_t forgotten = 0;
};
[[nodiscard]] result<sweep_result> sweep_expired_claims(const state_db& db, state_batch& batch, time_point now,
                                                        std::size_t claims_max);

}  // namespace stellwerk::spool::embedded
