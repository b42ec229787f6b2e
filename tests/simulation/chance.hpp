// chance: the dice of one actor of the simulated world. Each actor has its own, made from the seed of the run and its
// name, so that one more throw here does not change what happens there.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/random.hpp"

namespace stellwerk::simulation {

class chance {
 public:
  chance(std::uint64_t seed, std::string_view actor) : random_{mixed(seed, actor)} {}

  [[nodiscard]] bool one_in(std::uint64_t n) { return random_.below(n) == 0; }
  [[nodiscard]] bool percent(std::uint64_t share) { return random_.below(100) < share; }
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + random_.below(high - low + 1);
  }
  [[nodiscard]] std::chrono::milliseconds between_ms(std::uint64_t low, std::uint64_t high) {
    return std::chrono::milliseconds{between(low, high)};
  }
  [[nodiscard]] std::uint64_t next() { return random_.next(); }
  [[nodiscard]] random_source& source() { return random_; }

 private:
  static std::uint64_t mixed(std::uint64_t seed, std::string_view actor) {
    std::uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
    for (const char c : actor) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return seeded_random{hash}.next();
  }
  seeded_random random_;
};

}  // namespace stellwerk::simulation
