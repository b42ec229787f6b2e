// outer_world: what everybody outside of the gateway shares: the loop, its virtual time, the truth.
#pragma once

#include "base/async/awaitable.hpp"
#include "base/async/task_group.hpp"
#include "base/clock.hpp"
#include "tests/simulation/links.hpp"
#include "tests/simulation/truth.hpp"
#include "tests/support/timers.hpp"

namespace stellwerk::simulation {

struct outer_world {
  async::io_context& context;
  manual_clock& time;
  test::manual_timers& timers;
  async::task_group& tasks;
  links& connections;
  truth& told;

  [[nodiscard]] async::awaitable<void> pause(std::chrono::milliseconds length) const {
    return timers.sleep_until(time.steady() + length);
  }
};

}  // namespace stellwerk::simulation
