// The connections of one http_client: a bounded number, idle ones kept for a short while, waiters served in order.
// Private to base/net; thread-bound.
#pragma once

#include <list>
#include <optional>
#include <vector>

#include "base/async/alarm.hpp"
#include "base/async/event.hpp"
#include "base/net/http_client.hpp"

namespace stellwerk::net {

class http_pool {
 public:
  http_pool(async::executor owner, connector& network, const clock& time, const http_client_config& config);

  // The right to one connection; given back when destroyed.
  class slot {
   public:
    explicit slot(http_pool* from) : from_{from} {}
    slot(slot&& other) noexcept : from_{std::exchange(other.from_, nullptr)} {}
    slot& operator=(slot&&) = delete;
    ~slot() {
      if (from_ != nullptr) from_->release();
    }

   private:
    http_pool* from_;
  };

  [[nodiscard]] async::awaitable<result<slot>> acquire(steady_point deadline);

  // An idle connection that is young enough and still open, or null.
  [[nodiscard]] std::unique_ptr<stream> take_idle();
  [[nodiscard]] async::awaitable<result<std::unique_ptr<stream>>> connect(steady_point deadline);
  void give_back(std::unique_ptr<stream> connection);
  [[nodiscard]] std::size_t idle() const { return idle_.size(); }

 private:
  struct idle_connection {
    std::unique_ptr<stream> connection;
    steady_point since;
  };
  struct waiter {
    explicit waiter(async::executor owner) : woken{owner} {}
    async::event woken;
    bool granted = false;
  };
  void release();
  void sweep();
  void arm_sweeper();

  async::executor owner_;
  connector& network_;
  const clock& time_;
  const http_client_config& config_;
  std::vector<idle_connection> idle_;  // the youngest last
  std::list<waiter*> waiters_;
  std::size_t in_use_ = 0;
  std::optional<async::alarm> sweeper_;
};

}  // namespace stellwerk::net
