// What the committer does besides batches: measuring, looking for room, telling others how the store is.
#include <string>
#include <string_view>
#include <utility>

#include "gateway/spool/embedded/committer.hpp"
#include "gateway/spool/embedded/expiry_sweep.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::chrono::seconds house_interval{1};
// Below this the disk is full for accepts, so that settles and compactions still find room.
constexpr std::uint64_t free_bytes_min = 16ULL << 20;

}  // namespace

bool committer::keep_house() {
  const steady_point now = parts_.time.steady();
  if (now >= next_house_) {
    next_house_ = now + house_interval;
    measure();
    if (condition_ != condition::failed) look_for_room();
    if (condition_ == condition::writable) sweep_claims();
  }
  if (condition_ != condition::writable || !copier_.is_due()) return false;
  copy_bodies();
  return condition_ == condition::writable && copier_.is_due();
}

bool committer::commit_house(state_batch& batch) {
  totals_row totals = totals_;
  totals.next_segment = parts_.segments.next_segment();
  parts_.segments.put_changes(batch);
  batch.put(family::meta, totals_key, encode(totals));
  auto written = parts_.segments.write_reserved();
  if (written) written = parts_.db.write(batch);
  if (!written) {
    std::vector<answer> none;
    on_failed(written.error(), {}, none);
    return false;
  }
  parts_.segments.commit_round();
  totals_ = std::move(totals);
  return true;
}

void committer::sweep_claims() {
  constexpr std::size_t claims_max = 2000;
  state_batch batch{parts_.db};
  const auto swept = sweep_expired_claims(parts_.db, batch, parts_.time.now(), claims_max);
  if (!swept) {
    parts_.log.error("spool.sweep_failed", {{"error", swept.error().message()}});
    return;
  }
  if (swept->looked_at > 0 && commit_house(batch)) parts_.metrics.expired_keys.add(swept->forgotten);
}

void committer::copy_bodies() {
  state_batch batch{parts_.db};
  const auto copied = copier_.step(batch);
  if (!copied) {
    parts_.log.error("spool.copy_failed", {{"error", copied.error().message()}});
    parts_.segments.drop_round();
    copier_.dropped();
    return;
  }
  if (*copied == 0) return;
  if (commit_house(batch)) {
    copier_.committed();
    parts_.metrics.copied_bytes.add(*copied);
  } else {
    copier_.dropped();
  }
}

void committer::measure() {
  const std::uint64_t state_bytes = parts_.db.bytes_on_disk();
  parts_.metrics.state_bytes.set(static_cast<double>(state_bytes));
  parts_.metrics.body_bytes.set(static_cast<double>(parts_.segments.bytes_on_disk()));
  parts_.metrics.body_live_bytes.set(static_cast<double>(parts_.segments.bytes_live()));
  const std::lock_guard guard{mutex_};
  health_.state_bytes = state_bytes;
}

// RocksDB begins a new log when it resumes. Where no file can be made it ends the process by an assertion, so one is
// made first.
result<void> committer::try_room() {
  const std::string path = config_.data_directory + "/room";
  auto file = parts_.files.open_append(path);
  if (!file) return file.error();
  const std::string page(4096, '\0');
  const std::string_view pieces[] = {page};
  const result<void> written = (*file)->append(pieces);
  if (auto removed = parts_.files.remove(path); !removed) {
    parts_.log.warning("spool.room_not_removed", {{"error", removed.error().message()}});
  }
  return written;
}

void committer::look_for_room() {
  if (condition_ == condition::full) {
    // Deletes need room themselves: settles are tried with every look, whether or not there is room for accepts.
    const result<void> room = try_room();
    may_try_ = room.has_value();
    if (!room) {
      // A disk that fails looks full as well; only want of room passes.
      if (!is_passing(room.error())) set_condition(condition::failed, "store_failed");
      return;
    }
    if (auto resumed = parts_.db.resume(); !resumed) {
      parts_.log.warning("spool.resume_failed", {{"error", resumed.error().message()}});
      may_try_ = false;
      // Whatever is not want of room is final, here as in a commit.
      if (!resumed.error().is(errc::store_full)) set_condition(condition::failed, "store_failed");
      return;
    }
  }
  const store_health seen = health();
  const auto free = parts_.files.free_bytes(config_.data_directory);
  const bool is_full = seen.state_bytes + seen.body_bytes >= config_.bytes_max || (free && *free < free_bytes_min);
  set_condition(is_full ? condition::full : condition::writable, is_full ? "store_full" : "");
}

void committer::set_condition(condition next, const char* reason) {
  if (next == condition_) return;
  condition_ = next;
  if (next == condition::writable) may_try_ = true;
  parts_.metrics.writable.set(next == condition::writable ? 1 : 0);
  store_health now;
  {
    const std::lock_guard guard{mutex_};
    health_.writable = next == condition::writable;
    health_.reason = reason;
    now = health_;
  }
  if (next == condition::writable) {
    parts_.log.info("spool.writable");
  } else {
    parts_.log.error("spool.not_writable", {{"reason", reason}});
  }
  if (hooks_.on_health_change) hooks_.on_health_change(now);
}

}  // namespace stellwerk::spool::embedded
