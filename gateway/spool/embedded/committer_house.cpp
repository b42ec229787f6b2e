// What the committer does besides batches: measuring, looking for room, telling others how the store is.
#include "gateway/spool/embedded/committer.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::chrono::seconds house_interval{1};
// Below this the disk is full for accepts, so that settles and compactions still find room.
constexpr std::uint64_t free_bytes_min = 16ULL << 20;

}  // namespace

void committer::keep_house() {
  const steady_point now = parts_.time.steady();
  if (now < next_house_) return;
  next_house_ = now + house_interval;
  measure();
  if (condition_ == condition::failed) return;
  look_for_room();
}

void committer::measure() {
  store_health seen;
  seen.state_bytes = parts_.db.bytes_on_disk();
  seen.body_bytes = parts_.segments.bytes_on_disk();
  seen.body_bytes_live = parts_.segments.bytes_live();
  parts_.metrics.state_bytes.set(static_cast<double>(seen.state_bytes));
  parts_.metrics.body_bytes.set(static_cast<double>(seen.body_bytes));
  parts_.metrics.body_live_bytes.set(static_cast<double>(seen.body_bytes_live));
  const std::lock_guard guard{mutex_};
  health_.state_bytes = seen.state_bytes;
  health_.body_bytes = seen.body_bytes;
  health_.body_bytes_live = seen.body_bytes_live;
}

void committer::look_for_room() {
  if (condition_ == condition::full) {
    // Deletes need room themselves: settles are tried with every look, whether or not there is room for accepts.
    may_try_ = true;
    if (auto resumed = parts_.db.resume(); !resumed) {
      parts_.log.warning("spool.resume_failed", {{"error", resumed.error().message()}});
      may_try_ = false;
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
