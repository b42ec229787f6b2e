#include "tests/support/script_peer.hpp"

#include <array>

namespace stellwerk::test {

script_peer& script_peer::add(kind what, std::string text) {
  step added;
  added.what = what;
  added.text = std::move(text);
  steps_.push_back(std::move(added));
  return *this;
}

script_peer& script_peer::line(std::string text) { return add(kind::line, std::move(text)); }
script_peer& script_peer::line_starting(std::string prefix) { return add(kind::line_starting, std::move(prefix)); }
script_peer& script_peer::any_line() { return add(kind::any_line); }
script_peer& script_peer::bytes(std::string exactly) { return add(kind::bytes, std::move(exactly)); }
script_peer& script_peer::data() { return add(kind::until, "\r\n.\r\n"); }
script_peer& script_peer::until(std::string terminator) { return add(kind::until, std::move(terminator)); }
script_peer& script_peer::send(std::string text) { return add(kind::send, std::move(text)); }
script_peer& script_peer::close() { return add(kind::close); }
script_peer& script_peer::stall() { return add(kind::stall); }
script_peer& script_peer::expect_close() { return add(kind::expect_close); }

script_peer& script_peer::handshake_server(const net::tls_context& context) {
  add(kind::handshake);
  steps_.back().context = &context;
  return *this;
}

script_peer& script_peer::then(std::function<void()> action) {
  add(kind::then);
  steps_.back().action = std::move(action);
  return *this;
}

script_peer& script_peer::pause(timers& time, duration length) {
  add(kind::pause);
  steps_.back().time = &time;
  steps_.back().length = length;
  return *this;
}

bool script_peer::fail(const std::string& expected, const std::string& got) {
  failure_ = "step " + std::to_string(current_ + 1) + ": expected " + expected + ", got " + got;
  stream_->close();
  return false;
}

async::awaitable<void> script_peer::run() {
  for (current_ = 0; current_ < steps_.size(); ++current_) {
    const bool met = co_await perform(steps_[current_]);
    if (!met) co_return;
  }
  finished_ = true;
}

async::awaitable<bool> script_peer::perform(const step& next) {
  switch (next.what) {
    case kind::line:
    case kind::line_starting:
    case kind::any_line: co_return co_await perform_line(next);
    case kind::bytes:
    case kind::until: co_return co_await perform_until(next);
    case kind::send: {
      const result<void> written = co_await stream_->write_one(next.text);
      co_return written || fail("to send \"" + next.text + '"', written.error().message());
    }
    case kind::handshake: {
      const result<void> done = co_await stream_->handshake_server(*next.context);
      co_return done || fail("a TLS handshake", done.error().message());
    }
    case kind::close: stream_->close(); co_return true;
    case kind::stall: co_return co_await wait_for_close(false);
    case kind::expect_close: co_return co_await wait_for_close(true);
    case kind::then: next.action(); co_return true;
    case kind::pause: {
      const steady_point until = next.time->now() + next.length;
      co_await next.time->sleep_until(until);
      co_return true;
    }
  }
  co_return false;
}

async::awaitable<bool> script_peer::read_more() {
  std::array<char, 4096> buffer;
  const result<std::size_t> size = co_await stream_->read_some(buffer);
  if (!size) co_return false;
  held_.append(buffer.data(), *size);
  co_return true;
}

async::awaitable<bool> script_peer::read_until(std::string terminator) {
  while (held_.find(terminator) == std::string::npos) {
    const bool more = co_await read_more();
    if (!more) co_return false;
  }
  co_return true;
}

async::awaitable<bool> script_peer::perform_line(const step& next) {
  const std::string expected = next.what == kind::any_line        ? "a line"
                               : next.what == kind::line_starting ? "a line starting \"" + next.text + '"'
                                                                  : "the line \"" + next.text + '"';
  const std::string terminator = "\r\n";
  const bool found = co_await read_until(terminator);
  if (!found) co_return fail(expected, "the end after \"" + held_ + '"');
  const std::string got = held_.substr(0, held_.find(terminator));
  held_.erase(0, got.size() + terminator.size());
  lines_.push_back(got);
  const bool met = next.what == kind::any_line || (next.what == kind::line && got == next.text) ||
                   (next.what == kind::line_starting && got.starts_with(next.text));
  co_return met || fail(expected, '"' + got + '"');
}

async::awaitable<bool> script_peer::perform_until(const step& next) {
  if (next.what == kind::until) {
    const bool found = co_await read_until(next.text);
    if (!found) co_return fail("bytes up to \"" + next.text + '"', "the end after \"" + held_ + '"');
    const std::size_t size = held_.find(next.text) + next.text.size();
    data_ = held_.substr(0, size);
    held_.erase(0, size);
    co_return true;
  }
  while (held_.size() < next.text.size()) {
    const bool more = co_await read_more();
    if (!more) break;
  }
  if (!held_.starts_with(next.text)) co_return fail("the bytes \"" + next.text + '"', '"' + held_ + '"');
  held_.erase(0, next.text.size());
  co_return true;
}

async::awaitable<bool> script_peer::wait_for_close(bool silent) {
  for (;;) {
    if (silent && !held_.empty()) co_return fail("the end", '"' + held_ + '"');
    const bool more = co_await read_more();
    if (!more) co_return true;
  }
}

}  // namespace stellwerk::test
