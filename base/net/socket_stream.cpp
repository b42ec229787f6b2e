#include "base/net/socket_stream.hpp"

#include <algorithm>
#include <array>

#include <sys/socket.h>
#include <sys/uio.h>
#include <boost/asio/post.hpp>

#include "base/net/deadline_watch.hpp"
#include "base/net/tls_engine.hpp"

namespace stellwerk::net {
namespace {

constexpr std::size_t gather_max = 32;              // parts given to one system call
constexpr std::size_t record_size = 16 * 1024;      // plain bytes of one full TLS record
constexpr std::size_t flush_threshold = 64 * 1024;  // cipher text held before it is sent
constexpr unsigned streak_max = 32;                 // reads in a row that may succeed without waiting

endpoint_address to_address(const tcp_endpoint& endpoint) { return {endpoint.address().to_string(), endpoint.port()}; }

// What is left of the caller's parts; both TLS and plain writes walk it.
class part_cursor {
 public:
  explicit part_cursor(std::span<const std::string_view> parts) : parts_{parts} { skip_empty(); }
  [[nodiscard]] bool done() const { return index_ == parts_.size(); }
  [[nodiscard]] std::string_view front() const { return parts_[index_].substr(offset_); }

  std::size_t gather(std::span<iovec> into) const {
    std::size_t count = 0;
    std::size_t offset = offset_;
    for (std::size_t i = index_; i < parts_.size() && count < into.size(); ++i, offset = 0) {
      const std::string_view part = parts_[i].substr(offset);
      if (part.empty()) continue;
      into[count].iov_base = const_cast<char*>(part.data());  // sendmsg does not write through it
      into[count++].iov_len = part.size();
    }
    return count;
  }

  void advance(std::size_t size) {
    while (size > 0) {
      const std::size_t taken = std::min(size, parts_[index_].size() - offset_);
      offset_ += taken;
      size -= taken;
      skip_empty();
    }
  }

 private:
  void skip_empty() {
    while (index_ < parts_.size() && offset_ == parts_[index_].size()) {
      ++index_;
      offset_ = 0;
    }
  }

  std::span<const std::string_view> parts_;
  std::size_t index_ = 0;
  std::size_t offset_ = 0;
};

class socket_stream final : public stream {
 public:
  socket_stream(tcp_socket socket, const tcp_endpoint& peer);
  ~socket_stream() override;

  async::awaitable<result<std::size_t>> read_some(std::span<char> into) override;
  async::awaitable<result<void>> write_all(std::span<const std::string_view> parts) override;
  async::awaitable<result<void>> handshake_server(const tls_context& context) override;
  async::awaitable<result<void>> handshake_client(const tls_context& context, std::string server_name) override;
  void expires_at(steady_point deadline) override { watch_->set(deadline); }
  void close() noexcept override;
  void reset() noexcept;
  bool readable_or_closed() override;
  const endpoint_address& peer() const override { return peer_; }
  const endpoint_address& local() const override { return local_; }
  const std::optional<tls_session_info>& tls() const override { return tls_info_; }

  async::awaitable<result<void>> connect(tcp_endpoint endpoint);

 private:
  void settle_connected();
  async::awaitable<result<std::size_t>> read_socket(std::span<char> into);
  async::awaitable<result<std::size_t>> read_tls(std::span<char> into);
  async::awaitable<result<void>> write_socket(part_cursor cursor);
  async::awaitable<result<void>> write_tls(part_cursor cursor);
  async::awaitable<result<void>> flush_tls();
  async::awaitable<result<void>> run_handshake();
  bool encrypt_up_to_threshold(part_cursor& cursor);
  void send_output_if_free();
  bool tls_readable_or_closed();
  result<std::size_t> receive_now(std::span<char> into);
  result<std::size_t> send_now(const part_cursor& cursor);
  error failure_of(const boost::system::error_code& code, const char* step) const;

  tcp_socket socket_;
  std::shared_ptr<deadline_watch> watch_;
  endpoint_address peer_;
  endpoint_address local_;
  std::optional<tls_session_info> tls_info_;
  std::unique_ptr<tls_engine> tls_;
  std::string coalesced_;  // small parts of one TLS record
  std::string in_flight_;  // cipher text being sent
  unsigned streak_ = 0;
  bool last_read_was_short_ = true;
  bool writing_ = false;
  bool write_broken_ = false;  // a write ended midway: what the peer has is not known
};

socket_stream::socket_stream(tcp_socket socket, const tcp_endpoint& peer)
    : socket_{std::move(socket)},
      watch_{std::make_shared<deadline_watch>(socket_.get_executor(),
                                              [this] {
                                                boost::system::error_code ignored;
                                                socket_.cancel(ignored);
                                              })},
      peer_{to_address(peer)} {
  if (socket_.is_open()) settle_connected();
}

socket_stream::~socket_stream() {
  watch_->detach();
  close();
}

void socket_stream::settle_connected() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
  socket_.native_non_blocking(true, ignored);
  const tcp_endpoint local = socket_.local_endpoint(ignored);
  if (!ignored) local_ = to_address(local);
}

error socket_stream::failure_of(const boost::system::error_code& code, const char* step) const {
  if (!socket_.is_open()) return {errc::closed, step};
  if (watch_->expired()) return {errc::timed_out, step};
  if (code == boost::asio::error::operation_aborted) return {errc::cancelled, step};
  if (code == boost::asio::error::eof) return {errc::closed, step};
  return {code, step};
}

async::awaitable<result<void>> socket_stream::connect(tcp_endpoint endpoint) {
  watch_->begin_wait();
  auto [code] = co_await socket_.async_connect(endpoint, async::as_value);
  watch_->end_wait();
  if (code) co_return failure_of(code, "net.connect");
  settle_connected();
  co_return result<void>{};
}

// 0 means: nothing there now.
result<std::size_t> socket_stream::receive_now(std::span<char> into) {
  for (;;) {
    const ssize_t size = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (size > 0) return static_cast<std::size_t>(size);
    if (size == 0) return error{errc::closed, "net.read"};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
    return error{boost::system::error_code{errno, boost::system::system_category()}, "net.read"};
  }
}

result<std::size_t> socket_stream::send_now(const part_cursor& cursor) {
  std::array<iovec, gather_max> vectors;
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = cursor.gather(vectors);
  for (;;) {
    const ssize_t size = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::size_t{0};
    return error{boost::system::error_code{errno, boost::system::system_category()}, "net.write"};
  }
}

// After a read that did not fill its buffer the socket is most likely empty, so waiting comes first: Asio tries once
// itself. A peer that always has more may not keep the thread for itself: every so often the others get a turn.
async::awaitable<result<std::size_t>> socket_stream::read_socket(std::span<char> into) {
  if (!socket_.is_open()) co_return error{errc::closed, "net.read"};
  if (watch_->expired()) co_return error{errc::timed_out, "net.read"};
  if (!last_read_was_short_ && ++streak_ < streak_max) {
    const result<std::size_t> received = receive_now(into);
    if (!received) co_return received.error();
    last_read_was_short_ = *received < into.size();
    if (*received > 0) co_return *received;
  }
  streak_ = 0;
  watch_->begin_wait();
  const boost::asio::mutable_buffer buffer{into.data(), into.size()};
  auto [code, size] = co_await socket_.async_read_some(buffer, async::as_value);
  watch_->end_wait();
  if (code) co_return failure_of(code, "net.read");
  last_read_was_short_ = size < into.size();
  co_return size;
}

async::awaitable<result<void>> socket_stream::write_socket(part_cursor cursor) {
  if (!socket_.is_open() || write_broken_) co_return error{errc::closed, "net.write"};
  if (watch_->expired()) co_return error{errc::timed_out, "net.write"};
  write_broken_ = true;
  while (!cursor.done()) {
    const result<std::size_t> sent = send_now(cursor);
    if (!sent) co_return sent.error();
    cursor.advance(*sent);
    if (*sent > 0 || cursor.done()) continue;
    watch_->begin_wait();
    auto [code] = co_await socket_.async_wait(tcp_socket::wait_write, async::as_value);
    watch_->end_wait();
    if (code) co_return failure_of(code, "net.write");
  }
  write_broken_ = false;
  co_return result<void>{};
}

async::awaitable<result<std::size_t>> socket_stream::read_some(std::span<char> into) {
  return tls_ ? read_tls(into) : read_socket(into);
}

async::awaitable<result<void>> socket_stream::write_all(std::span<const std::string_view> parts) {
  return tls_ ? write_tls(part_cursor{parts}) : write_socket(part_cursor{parts});
}

async::awaitable<result<std::size_t>> socket_stream::read_tls(std::span<char> into) {
  for (;;) {
    const tls_engine::read_outcome outcome = tls_->read(into);
    send_output_if_free();
    switch (outcome.step) {
      case tls_step::done: co_return outcome.size;
      case tls_step::closed: co_return error{errc::closed, "net.read"};
      case tls_step::failed: co_return tls_->failure();
      case tls_step::want_input: break;
    }
    const std::span<char> space = tls_->input_space();
    const result<std::size_t> received = co_await read_socket(space);
    if (!received) co_return received.error();
    tls_->commit(*received);
  }
}

// Reading can make output (an alert, the answer to a key update). A reader does not wait for it: what does not fit now
// leaves with the next write.
void socket_stream::send_output_if_free() {
  std::string& output = tls_->output();
  if (writing_ || output.empty() || !socket_.is_open()) return;
  const std::string_view parts[1] = {output};
  const result<std::size_t> sent = send_now(part_cursor{parts});
  if (sent) output.erase(0, *sent);
}

// Small parts share a record.
bool socket_stream::encrypt_up_to_threshold(part_cursor& cursor) {
  while (!cursor.done() && tls_->output().size() < flush_threshold) {
    const std::string_view part = cursor.front();
    if (coalesced_.empty() && part.size() >= record_size) {
      const std::string_view record = part.substr(0, record_size);
      if (!tls_->write(record)) return false;
      cursor.advance(record.size());
      continue;
    }
    const std::string_view piece = part.substr(0, record_size - coalesced_.size());
    coalesced_ += piece;
    cursor.advance(piece.size());
    if (coalesced_.size() < record_size && !cursor.done()) continue;
    const bool written = tls_->write(coalesced_);
    coalesced_.clear();
    if (!written) return false;
  }
  return true;
}

async::awaitable<result<void>> socket_stream::write_tls(part_cursor cursor) {
  if (write_broken_) co_return error{errc::closed, "net.write"};
  while (!cursor.done()) {
    if (!encrypt_up_to_threshold(cursor)) co_return tls_->failure();
    const result<void> flushed = co_await flush_tls();
    if (!flushed) co_return flushed.error();
  }
  co_return result<void>{};
}

async::awaitable<result<void>> socket_stream::flush_tls() {
  writing_ = true;
  result<void> written;
  while (written && !tls_->output().empty()) {
    in_flight_.clear();
    in_flight_.swap(tls_->output());
    const std::string_view parts[1] = {in_flight_};
    written = co_await write_socket(part_cursor{parts});
  }
  writing_ = false;
  co_return written;
}

async::awaitable<result<void>> socket_stream::run_handshake() {
  for (;;) {
    const tls_step step = tls_->handshake();
    const result<void> flushed = co_await flush_tls();
    if (step == tls_step::failed) co_return tls_->failure();
    if (!flushed) co_return flushed.error();
    if (step == tls_step::done) break;
    const std::span<char> space = tls_->input_space();
    const result<std::size_t> received = co_await read_socket(space);
    if (!received) co_return received.error();
    tls_->commit(*received);
  }
  tls_info_ = tls_->info();
  co_return result<void>{};
}

async::awaitable<result<void>> socket_stream::handshake_server(const tls_context& context) {
  tls_ = std::make_unique<tls_engine>(context, tls_role::server, std::string{});
  return run_handshake();
}

async::awaitable<result<void>> socket_stream::handshake_client(const tls_context& context, std::string server_name) {
  tls_ = std::make_unique<tls_engine>(context, tls_role::client, server_name);
  return run_handshake();
}

// Unread bytes would make the kernel answer with a reset, which can overtake a reply that is still on its way.
void socket_stream::close() noexcept {
  if (!socket_.is_open()) return;
  boost::system::error_code ignored;
  if (tls_ && tls_info_ && !writing_ && !write_broken_) {
    tls_->say_goodbye();
    send_output_if_free();
  }
  socket_.shutdown(tcp_socket::shutdown_send, ignored);
  std::array<char, 4096> discarded;
  for (int i = 0; i < 16; ++i) {
    const auto received = receive_now(discarded);
    if (!received || *received == 0) break;
  }
  socket_.close(ignored);
}

void socket_stream::reset() noexcept {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger{true, 0}, ignored);
  socket_.close(ignored);
}

bool socket_stream::readable_or_closed() {
  if (!socket_.is_open()) return true;
  if (tls_) return tls_readable_or_closed();
  char byte = 0;
  const ssize_t size = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

// Session tickets of TLS 1.3 are bytes on the socket but nothing to read.
bool socket_stream::tls_readable_or_closed() {
  while (tls_->peek() == tls_step::want_input) {
    const result<std::size_t> received = receive_now(tls_->input_space());
    if (!received) return true;
    if (*received == 0) return false;
    tls_->commit(*received);
  }
  return true;
}

}  // namespace

std::unique_ptr<stream> make_socket_stream(tcp_socket socket, const tcp_endpoint& peer) {
  return std::make_unique<socket_stream>(std::move(socket), peer);
}

async::awaitable<result<std::unique_ptr<stream>>> connect_socket_stream(async::executor executor, tcp_endpoint peer,
                                                                        steady_point deadline) {
  auto made = std::make_unique<socket_stream>(tcp_socket{executor}, peer);
  made->expires_at(deadline);
  const result<void> connected = co_await made->connect(peer);
  if (!connected) co_return connected.error();
  co_return result<std::unique_ptr<stream>>{std::move(made)};
}

void reset_connection(stream& connection) noexcept {
  if (auto* socket = dynamic_cast<socket_stream*>(&connection)) {
    socket->reset();
  } else {
    connection.close();
  }
}

}  // namespace stellwerk::net
