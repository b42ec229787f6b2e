// Bounds of the delivery side; each with its default and the reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

namespace stellwerk::delivery {

struct delivery_config {
  std::size_t lane_window = 2000;            // entries of one lane in memory: refilled from the store when half empty
  std::size_t warm_bytes_max = 64ULL << 20;  // bodies of queued messages kept so that their first attempt reads nothing
  std::size_t loads_in_flight_max = 512;     // message rows being read
  std::size_t unsettled_max =
      20'000;  // recipients between decision and settled row: bounds memory and what a crash leaves
  duration delay_warning{std::chrono::hours{4}};       // one delay DSN to those who may get one; 0: never
  duration attempt_timeout{std::chrono::minutes{20}};  // whole attempt; the wait after the dot has its own ten minutes
  duration lane_sweep{std::chrono::seconds{30}};  // how often the head of a stopped lane is looked at for expired mail
  std::uint32_t dsn_per_hour = 100;               // to one address: a broken sender must not be flooded
  friend bool operator==(const delivery_config&, const delivery_config&) = default;
};

// What could not be read is read again after this.
inline constexpr duration reread_after{std::chrono::seconds{10}};

}  // namespace stellwerk::delivery
