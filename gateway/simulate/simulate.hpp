// simulate: the stand-ins as one process part (contracts section 5): an MTA on one address, the ESP dialects on
// another.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/async/awaitable.hpp"
#include "base/clock.hpp"
#include "base/net/stream.hpp"
#include "base/result.hpp"

namespace stellwerk::simulate {

struct simulate_options {
  std::string smtp_address = "127.0.0.1:0";
  std::string http_address = "127.0.0.1:0";
  std::string faults;  // JSON text
  std::string record_path;
  std::string raw_directory;
};

struct simulate_fault {
  std::string reason;
  bool cannot_bind = false;
};

// Runs on one io_context until stop(). Thread-bound.
class simulator {
 public:
  simulator(async::io_context& context, net::connector& network, const clock& time, simulate_options options);
  ~simulator();

  // Prints `listening NAME ADDRESS` through `announce` for each door; a fault instead when it cannot start.
  [[nodiscard]] std::optional<simulate_fault> start(const std::function<void(std::string)>& announce);
  void stop();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace stellwerk::simulate
