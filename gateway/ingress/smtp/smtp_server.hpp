// The SMTP door of one io thread: its listeners and the sessions they open.
//
// Every io thread has one; the listeners of all share their addresses (SO_REUSEPORT). Settings are read anew for each
// connection, so a reload reaches the next one; an address that changed needs a restart. Thread-bound, except
// `sessions`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/awaitable.hpp"
#include "base/async/task_group.hpp"
#include "base/net/listener.hpp"
#include "base/result.hpp"
#include "gateway/ingress/smtp/connection_limits.hpp"
#include "gateway/ingress/smtp/session.hpp"

namespace stellwerk::ingress::smtp {

class smtp_server {
 public:
  smtp_server(async::executor owner, session_services services, connection_limits& limits);

  // Binds. With port 0 the first io thread takes a free port; the others are given the answer.
  [[nodiscard]] result<net::endpoint_address> listen(const std::string& door_name,
                                                     const net::endpoint_address& address);
  void start();

  // A connection that is already there; used by the listeners, and by tests over streams in memory.
  void serve(const std::string& door_name, std::unique_ptr<net::stream> connection);

  // No new connections; idle sessions are told 421, others finish their transaction. What is left at the deadline is
  // cut. REQUIRES that the pressure says draining, or sessions would take new transactions.
  [[nodiscard]] async::awaitable<void> drain(steady_point deadline);

  [[nodiscard]] std::size_t sessions() const { return tasks_.size(); }

 private:
  [[nodiscard]] static async::awaitable<void> run_session(std::unique_ptr<session> one, connection_limits::slot place,
                                                          bool pause, gauge open);
  [[nodiscard]] static async::awaitable<void> turn_away(std::unique_ptr<net::stream> connection, std::string_view text,
                                                        steady_point deadline);

  const async::executor owner_;
  session_services services_;
  connection_limits& limits_;
  async::task_group tasks_;
  std::vector<std::unique_ptr<net::listener>> listeners_;
};

}  // namespace stellwerk::ingress::smtp
