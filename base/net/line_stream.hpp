// A buffered reader for line protocols over a stream. Memory is bounded: lines by their limit, the rest by the buffer.
//
// A line ends at LF; whether a CR stood before it is told, because a bare LF matters to SMTP (smuggling). Views are
// valid until the next call that reads. Thread-bound; the stream is borrowed.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/net/stream.hpp"

namespace stellwerk::net {

enum class line_ending { crlf, lf };

class line_stream {
 public:
  explicit line_stream(stream& source) : source_{source} {}

  // The next line without its ending, at most `limit` octets with it. A longer one is read and dropped up to its LF,
  // then answered with errc::line_too_long; reading may go on after it.
  [[nodiscard]] async::awaitable<result<std::string_view>> read_line(std::size_t limit);
  [[nodiscard]] line_ending last_ending() const { return ending_; }

  // Raw access for what is not lines. `fill` reads more, at least one byte; it does not wait for a full buffer.
  [[nodiscard]] std::string_view buffered() const { return {buffer_.get() + head_, tail_ - head_}; }
  void consume(std::size_t size) {
    head_ += size;
    scanned_ = 0;
  }
  [[nodiscard]] async::awaitable<result<void>> fill();

  // A complete line is held, so that answers to pipelined commands can be gathered (RFC 2920).
  [[nodiscard]] bool has_line() const { return buffered().find('\n') != std::string_view::npos; }
  void drop_buffered() { consume(tail_ - head_); }  // RFC 3207: what came in clear does not count after STARTTLS
  [[nodiscard]] stream& source() { return source_; }

 private:
  void make_room();
  [[nodiscard]] bool take_line(std::size_t limit, result<std::string_view>& answer);

  stream& source_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::size_t scanned_ = 0;  // octets after head_ known to hold no LF
  bool dropping_ = false;    // inside a line that is too long
  bool last_fill_was_full_ = false;
  line_ending ending_ = line_ending::crlf;
};

}  // namespace stellwerk::net
