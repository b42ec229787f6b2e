// Two connected ends of a byte stream in memory, on one io_context, with faults at exact bytes.
//
// TLS is only played: both ends must take part in the handshake, nothing is encrypted, `tls()` says so afterwards;
// bytes sent in clear ahead of the handshake make it fail, as they would break a real one. Thread-bound.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/async/event.hpp"
#include "base/net/stream.hpp"
#include "tests/support/timers.hpp"

namespace stellwerk::test {

// What happens to the bytes one end writes, counted from its first.
struct memory_faults {
  std::optional<std::size_t> close_after;  // the connection closes right behind this byte
  std::optional<std::size_t> reset_after;  // reset: what the peer has not read by then is lost
  std::optional<std::size_t> stall_after;  // further bytes are never delivered and the write does not return
  std::size_t chunk_max = 0;               // the peer gets at most so many at once; 0: no limit
};

class memory_stream final : public net::stream {
 public:
  ~memory_stream() override;

  async::awaitable<result<std::size_t>> read_some(std::span<char> into) override;
  async::awaitable<result<void>> write_all(std::span<const std::string_view> parts) override;
  async::awaitable<result<void>> handshake_server(const net::tls_context& context) override;
  async::awaitable<result<void>> handshake_client(const net::tls_context& context, std::string server_name) override;
  void expires_at(steady_point deadline) override;
  void close() noexcept override;
  bool readable_or_closed() override;
  const net::endpoint_address& peer() const override { return peer_; }
  const net::endpoint_address& local() const override { return local_; }
  const std::optional<net::tls_session_info>& tls() const override { return tls_; }

  void set_write_faults(memory_faults faults);
  void reset();  // as if the host had gone: both sides fail with connection_reset
  void sever();  // as if the process on the other end had gone: both directions end, what is on its way still arrives
  void fail_handshakes(error failure) { handshake_failure_ = failure; }
  void set_peer(net::endpoint_address peer) { peer_ = std::move(peer); }
  // Name the client asked for in its handshake; "" before.
  [[nodiscard]] const std::string& server_name() const;
  [[nodiscard]] std::size_t bytes_written() const;

 private:
  struct pipe;
  enum class wait_outcome { woken, expired, cancelled };
  friend std::pair<std::unique_ptr<memory_stream>, std::unique_ptr<memory_stream>> make_memory_pair(
      async::io_context& context, timers& time);
  memory_stream(timers& time, std::shared_ptr<pipe> input, std::shared_ptr<pipe> output);
  [[nodiscard]] async::awaitable<wait_outcome> wait_on(async::event& change);
  [[nodiscard]] async::awaitable<result<void>> handshake(std::string server_name);
  [[nodiscard]] bool write_part(std::string_view part);

  timers& time_;
  std::shared_ptr<pipe> input_;
  std::shared_ptr<pipe> output_;
  net::endpoint_address peer_{"192.0.2.2", 25};
  net::endpoint_address local_{"192.0.2.1", 40000};
  std::optional<net::tls_session_info> tls_;
  std::optional<error> handshake_failure_;
  steady_point deadline_ = steady_point::max();
  bool closed_ = false;
};

using memory_pair = std::pair<std::unique_ptr<memory_stream>, std::unique_ptr<memory_stream>>;
// first: the side that connected (192.0.2.1:40000); second: the side that accepted (192.0.2.2:25).
[[nodiscard]] memory_pair make_memory_pair(async::io_context& context, timers& time);

}  // namespace stellwerk::test
