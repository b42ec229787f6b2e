#include "base/net/line_stream.hpp"

#include <algorithm>
#include <cstring>

namespace stellwerk::net {
namespace {

// Sessions mostly idle: they start small and grow only while the peer fills the buffer.
constexpr std::size_t capacity_min = 4 * 1024;
constexpr std::size_t capacity_max = 64 * 1024;

}  // namespace

// Moves what is held to the front; grows when it fills the buffer, or when the peer keeps it full.
void line_stream::make_room() {
  const std::size_t held = tail_ - head_;
  std::size_t wanted = std::max(capacity_, capacity_min);
  if (held == capacity_ && capacity_ > 0) {
    wanted = capacity_ * 2;
  } else if (last_fill_was_full_ && capacity_ < capacity_max) {
    wanted = capacity_ * 2;
  }
  last_fill_was_full_ = false;
  if (wanted > capacity_) {
    auto larger = std::make_unique_for_overwrite<char[]>(wanted);
    if (held > 0) std::memcpy(larger.get(), buffer_.get() + head_, held);
    buffer_ = std::move(larger);
    capacity_ = wanted;
  } else if (head_ > 0 && held > 0) {
    std::memmove(buffer_.get(), buffer_.get() + head_, held);
  }
  head_ = 0;
  tail_ = held;
}

async::awaitable<result<void>> line_stream::fill() {
  if (head_ == tail_) head_ = tail_ = 0;
  if (last_fill_was_full_ || capacity_ - tail_ <= capacity_ / 4) make_room();
  const std::span<char> space{buffer_.get() + tail_, capacity_ - tail_};
  const result<std::size_t> size = co_await source_.read_some(space);
  if (!size) co_return size.error();
  last_fill_was_full_ = *size == space.size();
  tail_ += *size;
  co_return result<void>{};
}

// True: `answer` is the line, or says that it was too long.
bool line_stream::take_line(std::size_t limit, result<std::string_view>& answer) {
  const std::string_view held = buffered();
  const std::size_t end = held.find('\n', scanned_);
  if (end == std::string_view::npos) {
    scanned_ = held.size();
    if (held.size() < limit && !dropping_) return false;
    dropping_ = true;
    consume(held.size());
    return false;
  }
  const bool too_long = dropping_ || end + 1 > limit;
  consume(end + 1);
  dropping_ = false;
  const bool has_cr = end > 0 && held[end - 1] == '\r';
  ending_ = has_cr ? line_ending::crlf : line_ending::lf;
  if (too_long) {
    answer = error{errc::line_too_long, "net.read_line"};
  } else {
    answer = held.substr(0, has_cr ? end - 1 : end);
  }
  return true;
}

async::awaitable<result<std::string_view>> line_stream::read_line(std::size_t limit) {
  result<std::string_view> answer{std::string_view{}};
  while (!take_line(limit, answer)) {
    const result<void> filled = co_await fill();
    if (!filled) co_return filled.error();
  }
  co_return answer;
}

}  // namespace stellwerk::net
