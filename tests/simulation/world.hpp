// world: one run from one seed: a gateway on a disk that fails, clients, an MTA at home, a spare one and a vendor that
// fail too, an operator, and a supervisor that starts the gateway again when it died. After a time everything heals,
// the queue drains, and the checker asks whether every promise was kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stellwerk::simulation {

struct run_result {
  std::uint64_t seed = 0;
  std::uint64_t hash = 0;   // of the whole story
  std::uint64_t lines = 0;  // of it
  std::vector<std::string> violations;
  std::uint64_t acknowledged = 0;
  std::uint64_t attempts = 0;
  std::uint64_t ambiguous = 0;  // attempts
  std::uint64_t copies = 0;     // taken more than once
  std::uint64_t notices = 0;
  std::uint64_t deaths = 0;  // of the process
  std::uint64_t power_losses = 0;
};

enum class telling : std::uint8_t { silent, aloud };

[[nodiscard]] run_result run_world(std::uint64_t seed, telling how = telling::silent);

}  // namespace stellwerk::simulation
