// The io threads: each owns one io_context that nobody else runs, so what lives on it needs no lock.
//
// A beat on every loop measures how late timers come (loop lag) and shows that the loop still turns.
// Thread rule: `at`, `start`, `stop`, `join` from the owner; the lag hook is called on the io threads.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/async/awaitable.hpp"
#include "base/clock.hpp"

namespace stellwerk::async {

class io_threads {
 public:
  using lag_hook = std::function<void(std::size_t thread, std::chrono::nanoseconds lag)>;

  io_threads(std::size_t count, std::string name, lag_hook on_lag);
  ~io_threads();  // stops and joins
  io_threads(const io_threads&) = delete;
  io_threads& operator=(const io_threads&) = delete;

  [[nodiscard]] std::size_t size() const { return loops_.size(); }
  [[nodiscard]] io_context& at(std::size_t index) { return loops_[index]->context; }

  void start();
  void stop();  // at once: what is suspended stays suspended; drain through the task groups first
  void join();

  // The longest time any loop has not turned; zero before `start`.
  [[nodiscard]] std::chrono::nanoseconds longest_silence() const;

 private:
  struct loop {
    loop() : context{1} {}
    io_context context;
    std::thread thread;
    std::atomic<steady_point::rep> last_turn{0};
  };
  void run(std::size_t index);

  const std::string name_;
  const lag_hook on_lag_;
  std::vector<std::unique_ptr<loop>> loops_;
};

}  // namespace stellwerk::async
