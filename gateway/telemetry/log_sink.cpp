#include "gateway/telemetry/log_sink.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace stellwerk::telemetry {
namespace {

constexpr std::chrono::milliseconds gather_for{5};
constexpr std::size_t gather_bytes_max = 64U << 10;

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
  if (pending_.size() + line.size() > pending_bytes_max) {
    if (level < log_level::warning) {
      dropped_.add();
      return;
    }
    // A blocked target must not stop mail for good either.
    room_.wait_for(lock, std::chrono::seconds{1}, [&] { return pending_.size() + line.size() <= pending_bytes_max; });
    if (pending_.size() + line.size() > pending_bytes_max) {
      dropped_.add();
      return;
    }
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
    room_.notify_all();
    for (std::size_t at = 0; at < batch.size();) {
      const ssize_t n = ::write(descriptor_, batch.data() + at, batch.size() - at);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;  // nobody reads any more: there is no one left to tell
      at += static_cast<std::size_t>(n);
    }
  }
}

log_level parse_log_level(std::string_view text) {
  for (const log_level level : {log_level::debug, log_level::info, log_level::warning, log_level::error}) {
    if (text == to_string(level)) return level;
  }
  return log_level::info;
}

}  // namespace stellwerk::telemetry
