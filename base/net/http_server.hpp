// A small HTTP/1.1 server for admin, metrics, webhooks and the stand-ins: keep-alive, limits, deadlines, drain.
//
// Request bodies are read whole. Malformed framing (both Content-Length and Transfer-Encoding, unknown codings, no or
// two Host fields) is answered 400 or 501 and the connection closed. Thread-bound; one per io thread when shared.
// REQUIRES that the clock and what the handler refers to outlive it, and that it is drained before it goes.
#pragma once

#include <list>

#include "base/async/task_group.hpp"
#include "base/net/http.hpp"
#include "base/net/listener.hpp"
#include "base/net/tls.hpp"

namespace stellwerk::net {

struct http_server_config {
  std::string name = "http";               // of the tasks, for diagnostics
  std::shared_ptr<const tls_context> tls;  // null: plain HTTP
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t body_bytes_max = 1024 * 1024;
  std::size_t connections_max = 256;
  duration handshake_timeout{10'000};
  duration idle_timeout{60'000};
  duration header_timeout{10'000};  // from the first octet of a request to the end of its header
  duration body_timeout{30'000};
  duration write_timeout{30'000};
};

class http_server {
 public:
  // An exception of the handler becomes a 500 and is told to `on_exception`.
  http_server(async::executor owner, const clock& time, http_server_config config, http_handler handler,
              async::task_group::exception_handler on_exception);
  ~http_server();
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  [[nodiscard]] result<endpoint_address> listen(const endpoint_address& address);
  void serve(std::unique_ptr<stream> connection);  // what the listener calls; tests and the simulation call it too
  void set_tls(std::shared_ptr<const tls_context> next) { config_.tls = std::move(next); }

  // No new connections, idle ones closed; requests under way are finished.
  void stop();
  // stop, then wait; what is left at the deadline is cut.
  [[nodiscard]] async::awaitable<void> drain(steady_point deadline);
  [[nodiscard]] std::size_t connections() const { return sessions_.size(); }

 private:
  struct session;
  class place;
  [[nodiscard]] async::awaitable<void> run(std::unique_ptr<stream> connection);
  [[nodiscard]] async::awaitable<bool> exchange(session& with);
  [[nodiscard]] async::awaitable<int> read_request(session& with);
  [[nodiscard]] async::awaitable<http_response> handle(session& with);
  [[nodiscard]] async::awaitable<void> linger(session& with);
  [[nodiscard]] async::awaitable<bool> write_response(session& with, const http_response& response, bool keep_alive);

  async::executor owner_;
  const clock& time_;
  http_server_config config_;
  const http_handler handler_;
  const async::task_group::exception_handler on_exception_;
  std::list<session*> sessions_;
  bool stopping_ = false;
  async::task_group tasks_;
  std::unique_ptr<listener> door_;
};

}  // namespace stellwerk::net
