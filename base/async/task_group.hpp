// task_group: the owner of coroutines on one io_context. Nothing is spawned outside of one.
//
// Stopping has two steps. `request_stop` asks: tasks that agreed to be interrupted get a total cancellation, which ends
// the operation they wait in (as errc::cancelled) but nothing after it, so they can still say goodbye. `cut` ends: a
// terminal cancellation, repeated until every task is gone. Cancelled operations return errors, they never throw.
//
// Thread rule: bound to the io_context's thread, except `request_stop`, `cut` and `size`.
// REQUIRES that what a task refers to outlives it: the owner awaits `wait_empty` before it lets go.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/awaitable.hpp"
#include "base/clock.hpp"

namespace stellwerk::async {

enum class on_stop {
  interrupt,  // request_stop ends what the task waits for
  finish,     // request_stop only shows in `stopping`; the task ends by itself or is cut
};

class task_group {
 public:
  // `on_exception(name, what)`: a task died of an exception; its session is over, the group goes on.
  using exception_handler = std::function<void(std::string_view name, std::string_view what)>;

  task_group(executor owner, exception_handler on_exception);
  ~task_group();
  task_group(const task_group&) = delete;
  task_group& operator=(const task_group&) = delete;

  // Starts at once when called on the thread, up to the first suspension. After `cut` the task is dropped unstarted.
  void spawn(std::string name, awaitable<void> task, on_stop mode = on_stop::interrupt);

  void request_stop();
  void cut();
  [[nodiscard]] bool stopping() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<std::string> names() const;

  // True when the group became empty before the deadline.
  [[nodiscard]] awaitable<bool> wait_empty(steady_point deadline);

 private:
  struct state;
  std::shared_ptr<state> state_;  // shared with the tasks' completion handlers
};

}  // namespace stellwerk::async
