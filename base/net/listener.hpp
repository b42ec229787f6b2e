// Accepts connections on one address and hands each out as a stream.
//
// Every io thread makes its own on the same address (SO_REUSEPORT); the kernel spreads the connections. Thread-bound.
// When the process has no descriptors left, accepting pauses for a moment: the backlog waits, the CPU does not spin.
#pragma once

#include <functional>
#include <memory>

#include "base/net/stream.hpp"

namespace stellwerk::net {

class listener {
 public:
  using connection_handler = std::function<void(std::unique_ptr<stream>)>;
  using trouble_handler = std::function<void(const error&)>;  // accept failed; accepting goes on

  listener(async::executor owner, connection_handler on_connection, trouble_handler on_trouble);
  ~listener();  // stops
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  // Binds and listens; port 0 takes a free one. Returns the address that is bound.
  [[nodiscard]] result<endpoint_address> open(const endpoint_address& address);
  void start();
  void stop();  // closes the socket; connections not yet accepted are reset

  [[nodiscard]] const endpoint_address& local() const;

 private:
  struct state;
  std::shared_ptr<state> state_;  // shared with the accept loop, which may outlive the listener by a turn
};

}  // namespace stellwerk::net
