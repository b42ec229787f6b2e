#include "tests/support/memory_stream.hpp"

#include <algorithm>
#include <cstring>

#include <boost/system/errc.hpp>

namespace stellwerk::test {
namespace {

error reset_error(const char* step) {
  return {boost::system::errc::make_error_code(boost::system::errc::connection_reset), step};
}

}  // namespace

// One direction. The writer's end appends, the reader's end takes.
struct memory_stream::pipe {
  explicit pipe(async::executor owner) : change{owner} {}

  std::string bytes;
  std::size_t written = 0;
  memory_faults faults;
  bool ended = false;    // the writer closed: the reader gets what is left, then the end
  bool dropped = false;  // the reader closed: writes fail
  bool was_reset = false;
  bool in_handshake = false;
  std::string server_name;
  async::event change;
};

memory_stream::memory_stream(timers& time, std::shared_ptr<pipe> input, std::shared_ptr<pipe> output)
    : time_{time}, input_{std::move(input)}, output_{std::move(output)} {}

memory_stream::~memory_stream() { close(); }

// Wakes both ends' waiters on the deadline as well; they look again at what they wait for.
async::awaitable<memory_stream::wait_outcome> memory_stream::wait_on(async::event& change) {
  if (time_.now() >= deadline_) co_return wait_outcome::expired;
  const std::shared_ptr<pipe> keep_input = input_;
  const std::shared_ptr<pipe> keep_output = output_;
  std::optional<timers::id> alarm;
  if (deadline_ != steady_point::max()) alarm = time_.call_at(deadline_, [&change] { change.notify_all(); });
  const bool woken = co_await change.wait();
  if (alarm) time_.cancel(*alarm);
  co_return woken ? wait_outcome::woken : wait_outcome::cancelled;
}

async::awaitable<result<std::size_t>> memory_stream::read_some(std::span<char> into) {
  for (;;) {
    if (closed_) co_return error{errc::closed, "net.read"};
    if (input_->was_reset) co_return reset_error("net.read");
    if (!input_->bytes.empty()) break;
    if (input_->ended) co_return error{errc::closed, "net.read"};
    const wait_outcome outcome = co_await wait_on(input_->change);
    if (outcome == wait_outcome::expired) co_return error{errc::timed_out, "net.read"};
    if (outcome == wait_outcome::cancelled) co_return error{errc::cancelled, "net.read"};
  }
  std::size_t size = std::min(into.size(), input_->bytes.size());
  if (input_->faults.chunk_max > 0) size = std::min(size, input_->faults.chunk_max);
  std::memcpy(into.data(), input_->bytes.data(), size);
  input_->bytes.erase(0, size);
  co_return size;
}

// False: a fault ended or stopped the direction inside this part.
bool memory_stream::write_part(std::string_view part) {
  const memory_faults& faults = output_->faults;
  std::size_t room = part.size();
  for (const auto& limit : {faults.close_after, faults.reset_after, faults.stall_after}) {
    if (limit) room = std::min(room, *limit - std::min(*limit, output_->written));
  }
  output_->bytes += part.substr(0, room);
  output_->written += room;
  output_->change.notify_all();
  if (faults.reset_after && output_->written >= *faults.reset_after) {
    reset();
    return false;
  }
  if (faults.close_after && output_->written >= *faults.close_after) {
    output_->ended = true;
    input_->dropped = true;
    input_->ended = true;
    output_->change.notify_all();
    input_->change.notify_all();
    return room == part.size();
  }
  return room == part.size();
}

async::awaitable<result<void>> memory_stream::write_all(std::span<const std::string_view> parts) {
  for (const std::string_view part : parts) {
    if (closed_ || output_->dropped || output_->ended) co_return error{errc::closed, "net.write"};
    if (output_->was_reset) co_return reset_error("net.write");
    if (write_part(part)) continue;
    for (;;) {
      if (output_->was_reset) co_return reset_error("net.write");
      if (closed_ || output_->ended || output_->dropped) co_return error{errc::closed, "net.write"};
      const wait_outcome outcome = co_await wait_on(output_->change);
      if (outcome == wait_outcome::expired) co_return error{errc::timed_out, "net.write"};
      if (outcome == wait_outcome::cancelled) co_return error{errc::cancelled, "net.write"};
    }
  }
  co_return result<void>{};
}

async::awaitable<result<void>> memory_stream::handshake(std::string server_name) {
  if (handshake_failure_) {
    close();
    co_return *handshake_failure_;
  }
  output_->in_handshake = true;
  output_->server_name = std::move(server_name);
  output_->change.notify_all();
  while (!input_->in_handshake) {
    if (closed_ || input_->ended || input_->was_reset) co_return error{errc::tls_failed, "tls.handshake"};
    if (!input_->bytes.empty()) co_return error{errc::tls_failed, "clear text in the handshake"};
    const wait_outcome outcome = co_await wait_on(input_->change);
    if (outcome == wait_outcome::expired) co_return error{errc::timed_out, "tls.handshake"};
    if (outcome == wait_outcome::cancelled) co_return error{errc::cancelled, "tls.handshake"};
  }
  tls_.emplace();
  tls_->version = "TLSv1.3";
  tls_->cipher = "none, in memory";
  co_return result<void>{};
}

async::awaitable<result<void>> memory_stream::handshake_server(const net::tls_context& /*context*/) {
  return handshake(std::string{});
}

async::awaitable<result<void>> memory_stream::handshake_client(const net::tls_context& /*context*/,
                                                               std::string server_name) {
  return handshake(std::move(server_name));
}

void memory_stream::expires_at(steady_point deadline) {
  deadline_ = deadline;
  input_->change.notify_all();
  output_->change.notify_all();
}

void memory_stream::close() noexcept {
  if (closed_) return;
  closed_ = true;
  output_->ended = true;
  input_->dropped = true;
  input_->change.notify_all();
  output_->change.notify_all();
}

void memory_stream::reset() {
  input_->was_reset = output_->was_reset = true;
  input_->change.notify_all();
  output_->change.notify_all();
}

void memory_stream::sever() {
  input_->ended = output_->ended = true;
  input_->change.notify_all();
  output_->change.notify_all();
}

bool memory_stream::readable_or_closed() {
  return closed_ || !input_->bytes.empty() || input_->ended || input_->was_reset;
}

void memory_stream::set_write_faults(memory_faults faults) { output_->faults = faults; }
const std::string& memory_stream::server_name() const { return input_->server_name; }
std::size_t memory_stream::bytes_written() const { return output_->written; }

memory_pair make_memory_pair(async::io_context& context, timers& time) {
  const auto there = std::make_shared<memory_stream::pipe>(context.get_executor());
  const auto back = std::make_shared<memory_stream::pipe>(context.get_executor());
  std::unique_ptr<memory_stream> first{new memory_stream{time, back, there}};
  std::unique_ptr<memory_stream> second{new memory_stream{time, there, back}};
  second->peer_ = first->local_;
  second->local_ = first->peer_;
  return {std::move(first), std::move(second)};
}

}  // namespace stellwerk::test
