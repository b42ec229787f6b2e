// gateway: the composition root. Constructs everything in dependency order, passes references, destroys in reverse; the
// only place that knows every part. No singletons, no registration by static constructors.
//
// Thread rule: made, reloaded, ticked and drained by the main thread.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "gateway/config/config.hpp"

namespace stellwerk::app {

// The exit codes of contracts section 5.
enum class exit_code : int { ok = 0, configuration = 1, usage = 2, data_directory = 3, cannot_bind = 4 };

struct start_fault {
  exit_code code = exit_code::configuration;
  std::string reason;
};

// What the loader must know of the adapters that are linked in.
[[nodiscard]] config::adapter_catalogue linked_adapters();
// The process environment, the file system and this machine's name, for the loader.
[[nodiscard]] config::load_environment process_environment();
// The same where the doors will be opened, or must be able to: networks, patterns and certificates are checked too.
[[nodiscard]] config::load_environment serving_environment();

class gateway {
 public:
  using announcer = std::function<void(const std::string& line)>;

  explicit gateway(config::gateway_config configuration);
  ~gateway();
  gateway(const gateway&) = delete;
  gateway& operator=(const gateway&) = delete;

  // Opens the store, recovers, binds; announces `listening NAME ADDRESS` for each door when all of them are open.
  [[nodiscard]] std::optional<start_fault> start(const announcer& announce);
  // Loads the file again; a bad one changes nothing. Answers what is wrong or needs a restart, for the log.
  void reload();
  // A few times a second: pressure, readiness, the configuration file.
  void tick();
  // Stops taking mail, finishes what is in flight until the deadline, keeps the rest.
  void drain(std::chrono::seconds grace, const std::function<bool()>& hurry);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace stellwerk::app
