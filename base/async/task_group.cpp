#include "base/async/task_group.hpp"

#include <atomic>
#include <exception>
#include <list>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>

#include "base/async/event.hpp"

namespace stellwerk::async {
namespace {

constexpr auto cut_again_after = std::chrono::milliseconds{20};

struct entry {
  std::string name;
  on_stop mode;
  boost::asio::cancellation_signal signal;
};

// The task's own frame sets how cancellation reaches it: as error values, and total only if it agreed.
awaitable<void> root(awaitable<void> task, on_stop mode) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  if (mode == on_stop::interrupt) {
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
  }
  co_await std::move(task);
}

}  // namespace

struct task_group::state : std::enable_shared_from_this<task_group::state> {
  state(executor owner_in, exception_handler on_exception_in)
      : owner{owner_in}, on_exception{std::move(on_exception_in)}, emptied{owner_in} {}

  void finished(const std::shared_ptr<entry>& task, const std::exception_ptr& failure) {
    tasks.remove(task);
    size.store(tasks.size(), std::memory_order_relaxed);
    if (failure) report(task->name, failure);
    if (tasks.empty()) emptied.notify_all();
  }

  void report(const std::string& name, const std::exception_ptr& failure) const {
    if (!on_exception) return;
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& thrown) {
      on_exception(name, thrown.what());
    } catch (...) {
      on_exception(name, "not a std::exception");
    }
  }

  // A signal can end a task at once, so the list is walked in a copy.
  void emit(boost::asio::cancellation_type type) {
    const std::list<std::shared_ptr<entry>> now = tasks;
    for (const auto& task : now) task->signal.emit(type);
  }

  const executor owner;
  const exception_handler on_exception;
  std::list<std::shared_ptr<entry>> tasks;
  std::atomic<std::size_t> size{0};
  std::atomic<bool> stopping{false};
  std::atomic<bool> cutting{false};
  event emptied;
};

namespace {

// A task may start another operation after the first cut ended one.
template <class State>
awaitable<void> cut_until_empty(std::shared_ptr<State> state) {
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    executor>
      pause{state->owner};
  while (!state->tasks.empty()) {
    state->emit(boost::asio::cancellation_type::terminal);
    pause.expires_after(cut_again_after);
    co_await pause.async_wait(as_value);
  }
}

}  // namespace

task_group::task_group(executor owner, exception_handler on_exception)
    : state_{std::make_shared<state>(owner, std::move(on_exception))} {}

task_group::~task_group() = default;

void task_group::spawn(std::string name, awaitable<void> task, on_stop mode) {
  if (state_->cutting.load(std::memory_order_relaxed)) return;
  auto added = std::make_shared<entry>();
  added->name = std::move(name);
  added->mode = mode;
  state_->tasks.push_back(added);
  state_->size.store(state_->tasks.size(), std::memory_order_relaxed);
  auto on_end = [state = state_, added](std::exception_ptr failure) { state->finished(added, failure); };
  boost::asio::co_spawn(state_->owner, root(std::move(task), mode),
                        boost::asio::bind_cancellation_slot(added->signal.slot(), std::move(on_end)));
}

void task_group::request_stop() {
  if (state_->stopping.exchange(true)) return;
  boost::asio::dispatch(state_->owner, [state = state_] { state->emit(boost::asio::cancellation_type::total); });
}

void task_group::cut() {
  state_->stopping = true;
  if (state_->cutting.exchange(true)) return;
  boost::asio::dispatch(state_->owner, [state = state_] {
    boost::asio::co_spawn(state->owner, cut_until_empty(state), [](const std::exception_ptr&) {});
  });
}

bool task_group::stopping() const { return state_->stopping.load(std::memory_order_relaxed); }
std::size_t task_group::size() const { return state_->size.load(std::memory_order_relaxed); }

std::vector<std::string> task_group::names() const {
  std::vector<std::string> names;
  for (const auto& task : state_->tasks) names.push_back(task->name);
  return names;
}

awaitable<bool> task_group::wait_empty(steady_point deadline) {
  const std::shared_ptr<state> shared = state_;
  if (shared->tasks.empty()) co_return true;
  co_await shared->emptied.wait(deadline);
  co_return shared->tasks.empty();
}

}  // namespace stellwerk::async
