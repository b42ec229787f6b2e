#include "gateway/telemetry/log_sink.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>

namespace stellwerk::telemetry {
namespace {

constexpr std::chrono::milliseconds gather_for{5};
constexpr std::size_t gather_bytes_max = 64U << 10;
constexpr int look_again_ms = 100;
constexpr int last_looks_max = 10;  // at a target that takes nothing, when the process ends

}  // namespace

log_sink::log_sink(int descriptor, const clock& time, log_level least, counter dropped)
    : descriptor_{descriptor}, time_{time}, least_{least}, dropped_{dropped}, thread_{[this] { run(); }} {}

log_sink::~log_sink() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void log_sink::write(log_level level, std::string_view event, std::span<const log_field> fields) {
  const std::string line = to_json_line(to_rfc3339(time_.now()), level, event, fields);
  std::unique_lock lock{mutex_};
  // A blocked target must not stop mail: nobody waits for room.
  const std::size_t kept_free = level < log_level::warning ? warnings_bytes : 0;
  if (pending_.size() + line.size() + kept_free > pending_bytes_max) {
    dropped_.add();
    return;
  }
  const std::size_t before = pending_.size();
  pending_ += line;
  const bool hurries =
      (level >= log_level::warning && !urgent_) || (before <= gather_bytes_max && pending_.size() > gather_bytes_max);
  urgent_ = urgent_ || level >= log_level::warning;
  lock.unlock();
  if (before == 0 || hurries) wake_.notify_one();
}

void log_sink::run() {
  std::string batch;
  for (;;) {
    {
      std::unique_lock lock{mutex_};
      wake_.wait(lock, [this] { return stopping_ || !pending_.empty(); });
      // A line seldom comes alone: gathering costs less than a wake-up and a write for each.
      wake_.wait_for(lock, gather_for, [this] { return stopping_ || urgent_ || pending_.size() > gather_bytes_max; });
      if (pending_.empty()) return;
      batch.clear();
      batch.swap(pending_);
      urgent_ = false;
    }
    write_out(batch);
  }
}

// In pieces that a pipe with room takes whole, so that a target nobody reads holds up neither the drops nor the end of
// the process.
void log_sink::write_out(std::string_view rest) {
  for (int looks = 0; !rest.empty();) {
    pollfd target{descriptor_, POLLOUT, 0};
    const int ready = ::poll(&target, 1, look_again_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) {
      if (is_stopping() && ++looks > last_looks_max) break;
      continue;
    }
    const ssize_t n = ::write(descriptor_, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n <= 0) break;  // nobody reads any more: there is no one left to tell
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  dropped_.add(static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n')));
}

bool log_sink::is_stopping() {
  const std::lock_guard lock{mutex_};
  return stopping_;
}

log_level parse_log_level(std::string_view text) {
  for (const log_level level : {log_level::debug, log_level::info, log_level::warning, log_level::error}) {
    if (text == to_string(level)) return level;
  }
  return log_level::info;
}

}  // namespace stellwerk::telemetry
