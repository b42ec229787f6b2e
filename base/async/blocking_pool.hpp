// Threads for work that blocks: file loads, name resolution, store reads. Bounded: a full queue says so at once.
//
// `run(f)` calls `f` on a pool thread and resumes the caller on its own io_context. REQUIRES that `f` does not throw
// and that the io_contexts of callers outlive the pool. `stop` lets queued work finish, so every caller resumes.
// Thread rule: safe from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/this_coro.hpp>

#include "base/async/completion.hpp"
#include "base/result.hpp"

namespace stellwerk::async {

template <class T>
struct blocking_answer {
  using type = result<T>;
};
template <class T>
struct blocking_answer<result<T>> {
  using type = result<T>;
};

class blocking_pool {
 public:
  blocking_pool(std::size_t threads, std::size_t queue_max, std::string name);
  ~blocking_pool();  // stops
  blocking_pool(const blocking_pool&) = delete;
  blocking_pool& operator=(const blocking_pool&) = delete;

  // What `f` returns; a plain T becomes result<T>, so that a full queue (errc::limit_reached) has a way to be told.
  // Pass a named object (the g++ 12 rule of awaitable.hpp).
  template <class F>
  [[nodiscard]] auto run(F f) -> awaitable<typename blocking_answer<std::invoke_result_t<F&>>::type>;

  // Without a waiter; false: full or stopped.
  [[nodiscard]] bool post(std::function<void()> work);

  // For work whose number its owner bounds, and which must not be turned away because others filled the queue. False:
  // stopped.
  [[nodiscard]] bool post_always(std::function<void()> work);

  void stop();

 private:
  [[nodiscard]] bool post_below(std::size_t queued_max, std::function<void()> work);
  void work();

  const std::size_t queue_max_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <class F>
auto blocking_pool::run(F f) -> awaitable<typename blocking_answer<std::invoke_result_t<F&>>::type> {
  using answer = typename blocking_answer<std::invoke_result_t<F&>>::type;
  const completion<answer> done{co_await boost::asio::this_coro::executor};
  // std::function wants copies; the work itself may be movable only.
  const auto work = std::make_shared<F>(std::move(f));
  const bool queued = post([done, work] {
    if constexpr (std::is_void_v<std::invoke_result_t<F&>>) {
      (*work)();
      done.set(answer{});
    } else {
      done.set(answer{(*work)()});
    }
  });
  if (!queued) co_return answer{error{errc::limit_reached, "async.blocking_pool"}};
  co_return co_await done.wait();
}

}  // namespace stellwerk::async
