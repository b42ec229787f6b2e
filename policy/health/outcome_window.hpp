// outcome_window: successes, failures and latencies of the last while, in constant memory.
//
// Ten slices that fall out one by one; latencies in a logarithmic histogram (a quarter octave per bucket), from which
// the share above a bound and the long-term usual p95 are read. Thread rule: one owner.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.hpp"

namespace stellwerk::policy {

class outcome_window {
 public:
  static constexpr std::size_t slices = 10;
  static constexpr std::size_t latency_buckets = 96;

  explicit outcome_window(duration length);

  void advance(steady_point now);
  void add_success(duration took, steady_point now);
  void add_failure(duration took, steady_point now);
  void clear();  // the usual latency stays known

  [[nodiscard]] std::uint64_t successes() const;
  [[nodiscard]] std::uint64_t failures() const;
  [[nodiscard]] std::uint64_t total() const { return successes() + failures(); }
  [[nodiscard]] std::uint64_t slower_than(duration bound) const;
  [[nodiscard]] std::optional<duration> p95() const;
  // Slow average of the p95 of past windows; nullopt until one window with samples is complete.
  [[nodiscard]] std::optional<duration> usual_p95() const { return usual_; }

 private:
  struct slice {
    std::uint64_t successes = 0;
    std::uint64_t failures = 0;
    std::array<std::uint32_t, latency_buckets> latencies{};
  };
  void add_latency(duration took);
  void learn_usual();

  duration slice_length_;
  std::array<slice, slices> ring_{};
  std::size_t current_ = 0;
  std::optional<steady_point> slice_began_;
  std::size_t slices_since_learning_ = 0;
  std::optional<duration> usual_;
};

}  // namespace stellwerk::policy
