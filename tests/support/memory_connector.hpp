// A connector into the test: "host:port" is answered by a function that gets the far end. Unknown names are refused.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/net/stream.hpp"
#include "tests/support/memory_stream.hpp"

namespace stellwerk::test {

class memory_connector final : public net::connector {
 public:
  using acceptor = std::function<void(std::unique_ptr<memory_stream>)>;

  memory_connector(async::io_context& context, timers& time) : context_{context}, time_{time} {}

  void listen(const std::string& host, std::uint16_t port, acceptor on_connection);
  void fail(const std::string& host, std::uint16_t port, error failure);  // from now on
  void stall(const std::string& host, std::uint16_t port);                // connects end at their deadline only

  async::awaitable<result<std::unique_ptr<net::stream>>> connect(std::string host, std::uint16_t port,
                                                                 net::connect_options options) override;
  async::awaitable<void> sleep_until(steady_point at) override { return time_.sleep_until(at); }

  [[nodiscard]] int connects() const { return connects_; }

 private:
  struct target {
    acceptor on_connection;
    std::optional<error> failure;
    bool stalls = false;
  };

  async::io_context& context_;
  timers& time_;
  std::map<std::string, target> targets_;
  int connects_ = 0;
};

}  // namespace stellwerk::test
