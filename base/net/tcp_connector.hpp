// The connector over real sockets: resolves, checks every address, tries them in order within the deadline.
//
// One per io thread; thread-bound.
#pragma once

#include "base/net/resolver.hpp"
#include "base/net/stream.hpp"

namespace stellwerk::net {

class tcp_connector final : public connector {
 public:
  tcp_connector(async::executor owner, resolver& names) : owner_{owner}, names_{names} {}

  // A name all of whose addresses are special, when those are not allowed, fails with errc::refused.
  async::awaitable<result<std::unique_ptr<stream>>> connect(std::string host, std::uint16_t port,
                                                            connect_options options) override;
  async::awaitable<void> sleep_until(steady_point at) override;

 private:
  async::executor owner_;
  resolver& names_;
};

}  // namespace stellwerk::net
