#include "gateway/spool/embedded/commit_queue.hpp"

#include <algorithm>
#include <utility>

namespace stellwerk::spool::embedded {
namespace {

constexpr std::uint64_t row_bytes = 256;  // a row with its indexes, roughly
constexpr std::size_t share = 8;          // each waiting line is sure of an eighth of a batch

std::uint64_t size_of(const accept_request& request) {
  std::uint64_t bytes = row_bytes * (request.recipients.size() + 1) + (request.content ? request.content->size() : 0);
  for (const accept_request& made : request.made) bytes += size_of(made);
  return bytes;
}

std::size_t line_of(const operation& item) {
  if (std::holds_alternative<settle_operation>(item)) return 1;
  const auto stream = std::get<accept_operation>(item).request.message.stream;
  return stream == mail::traffic_stream::transactional ? 0 : 2;
}

bool is_urgent(const operation& item) {
  const auto* settle = std::get_if<settle_operation>(&item);
  return settle == nullptr || settle->request.urgent;
}

}  // namespace

std::uint64_t size_of(const operation& item) {
  if (const auto* accept = std::get_if<accept_operation>(&item)) return size_of(accept->request);
  const settle_request& request = std::get<settle_operation>(item).request;
  std::uint64_t bytes = row_bytes * (request.changes.size() + request.suppressions.size() + 1);
  for (const accept_request& made : request.accepts) bytes += size_of(made);
  return bytes;
}

bool commit_queue::push(operation& item) {
  bool wakes = false;
  {
    const std::lock_guard guard{mutex_};
    if (is_closed_) return false;
    const bool urgent = is_urgent(item);
    wakes = urgent_ == 0 && (urgent || is_empty_locked());
    urgent_ += urgent ? 1 : 0;
    lines_[line_of(item)].push_back(std::move(item));
  }
  if (wakes) changed_.notify_one();
  return true;
}

void commit_queue::take_from(std::size_t line_number, batch_room& room, std::vector<operation>& into) {
  line& from = lines_[line_number];
  if (from.empty()) return;
  // A body larger than the room that is left waits for an emptier batch, but not for ever.
  bool must_take = ++passed_over_[line_number] > share;
  while (!from.empty() && into.size() < room.operations_max) {
    const std::uint64_t size = size_of(from.front());
    if (!into.empty() && !must_take && room.bytes + size > room.bytes_max) return;
    must_take = false;
    passed_over_[line_number] = 0;
    room.bytes += size;
    urgent_ -= is_urgent(from.front()) ? 1 : 0;
    into.push_back(std::move(from.front()));
    from.pop_front();
  }
}

std::vector<operation> commit_queue::take(const batch_limits& limits) {
  const std::lock_guard guard{mutex_};
  std::vector<operation> batch;
  batch_room room{0, 0, 0};
  for (std::size_t i = 0; i < line_count; ++i) {
    std::size_t waiting = 0;
    for (std::size_t behind = i + 1; behind < line_count; ++behind) waiting += lines_[behind].empty() ? 0 : 1;
    room.operations_max = std::max<std::size_t>(limits.operations_max - waiting * (limits.operations_max / share), 1);
    room.bytes_max = limits.bytes_max - waiting * (limits.bytes_max / share);
    take_from(i, room, batch);
  }
  return batch;
}

bool commit_queue::wait(std::chrono::milliseconds idle_max) {
  std::unique_lock lock{mutex_};
  const auto has_reason = [this] { return urgent_ > 0 || is_closed_; };
  if (!has_reason() && is_empty_locked()) {
    changed_.wait_for(lock, idle_max, [&] { return has_reason() || !is_empty_locked(); });
  }
  if (!has_reason() && !is_empty_locked()) changed_.wait_for(lock, lazy_wait, has_reason);
  return !(is_closed_ && is_empty_locked());
}

void commit_queue::close() {
  {
    const std::lock_guard guard{mutex_};
    is_closed_ = true;
  }
  changed_.notify_all();
}

bool commit_queue::is_empty() const {
  const std::lock_guard guard{mutex_};
  return is_empty_locked();
}

bool commit_queue::is_empty_locked() const {
  return std::all_of(lines_.begin(), lines_.end(), [](const line& each) { return each.empty(); });
}

}  // namespace stellwerk::spool::embedded
