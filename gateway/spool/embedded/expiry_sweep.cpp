#include "gateway/spool/embedded/expiry_sweep.hpp"

#include <cstring>
#include <optional>
#include <string>

#include "gateway/spool/embedded/encoding.hpp"
#include "gateway/spool/embedded/row_codec.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::chrono::hours kept_after_end{24};

// Until when the key is still needed; nothing: no longer.
result<std::optional<time_point>> needed_until(const state_db& db, const queue_id& id, time_point now) {
  const auto open = db.get(family::message, id.view());
  if (!open && !open.error().is(errc::corrupt)) return open.error();
  if (!open || *open) return std::optional<time_point>{now + kept_after_end};  // open, if damaged
  const auto ended = db.get(family::history_message, id.view());
  if (!ended && !ended.error().is(errc::corrupt)) return ended.error();
  const auto message = ended && *ended ? decode_message(id, **ended) : std::nullopt;
  if (!message || message->finished + kept_after_end <= now) return std::optional<time_point>{};
  return std::optional<time_point>{message->finished + kept_after_end};
}

}  // namespace

result<sweep_result> sweep_expired_claims(const state_db& db, state_batch& batch, time_point now,
                                          std::size_t claims_max) {
  sweep_result swept;
  auto at = db.walk(family::idempotency_expiry, {}, be64_key(to_stored_ms(now)));
  for (; at.valid() && swept.looked_at < claims_max; at.next()) {
    ++swept.looked_at;
    batch.erase(family::idempotency_expiry, at.key());
    idempotency_hash hash{};
    if (at.key().size() != 8 + hash.size()) continue;
    std::memcpy(hash.data(), at.key().data() + 8, hash.size());
    const auto value = db.get(family::idempotency, view_of(hash));
    if (!value && !value.error().is(errc::corrupt)) return value.error();
    auto claim = value && *value ? decode_idempotency(**value) : std::nullopt;
    std::optional<time_point> until;
    if (claim) {
      const auto needed = needed_until(db, claim->id, now);
      if (!needed) return needed.error();
      until = *needed;
    }
    if (until) {
      claim->expires = *until;
      batch.put(family::idempotency, view_of(hash), encode(*claim));
      batch.put_mark(family::idempotency_expiry, expiry_key_of(*until, hash));
    } else {
      batch.erase(family::idempotency, view_of(hash));
      ++swept.forgotten;
    }
  }
  if (auto status = at.status(); !status) return status.error();
  return swept;
}

}  // namespace stellwerk::spool::embedded
