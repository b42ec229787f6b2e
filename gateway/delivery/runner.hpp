// runner: carries out what the dispatcher decided. The seam between the dispatch thread and the io threads that own
// adapters; tests put a script here.
#pragma once

#include <functional>
#include <string>

#include "adapters/attempt.hpp"

namespace stellwerk::delivery {

class runner {
 public:
  virtual ~runner() = default;
  // `done` is called exactly once, from any thread; it must only post.
  virtual void run(adapters::attempt what, std::function<void(adapters::attempt_report)> done) = 0;
  virtual void probe(const std::string& destination, std::function<void(adapters::probe_report)> done) = 0;
  virtual void look_up(const std::string& destination, const std::string& attempt_id, const std::string& recipient,
                       std::function<void(adapters::lookup_report)> done) = 0;
  // Attempts there of which nothing was committed end when their peer has been silent for so long (adapter::let_go).
  virtual void let_go(const std::string& destination, duration silence) = 0;
};

// Runs a blocking read on a reader thread.
using read_executor = std::function<void(std::function<void()>)>;

}  // namespace stellwerk::delivery
