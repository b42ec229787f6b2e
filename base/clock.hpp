// Time is a parameter: no code outside this seam asks a clock of the system.
//
// Two clocks that must not be mixed: wall time (stored, shown, compared across restarts; may jump) and
// steady time (time-outs, health windows, pacing; dies with the process).
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace stellwerk {

using duration = std::chrono::milliseconds;
using time_point = std::chrono::sys_time<std::chrono::milliseconds>;  // wall time, UTC
using steady_point = std::chrono::steady_clock::time_point;

class clock {
 public:
  virtual ~clock() = default;
  [[nodiscard]] virtual time_point now() const noexcept = 0;
  [[nodiscard]] virtual steady_point steady() const noexcept = 0;
};

class system_clock final : public clock {
 public:
  [[nodiscard]] time_point now() const noexcept override;
  [[nodiscard]] steady_point steady() const noexcept override;
};

// For tests and the simulation: moves only when told to. Both clocks advance together; `jump` moves wall time
// alone. Safe to read from other threads than the one that moves it.
class manual_clock final : public clock {
 public:
  explicit manual_clock(time_point start = time_point{std::chrono::milliseconds{1'700'000'000'000}});
  [[nodiscard]] time_point now() const noexcept override;
  [[nodiscard]] steady_point steady() const noexcept override;
  void advance(std::chrono::nanoseconds by) noexcept;
  void jump(duration by) noexcept;

 private:
  std::atomic<long long> wall_ns_;
  std::atomic<long long> steady_ns_;
};

[[nodiscard]] std::string to_rfc3339(time_point at);                           // 2026-01-31T08:15:00.123Z
[[nodiscard]] std::optional<time_point> parse_rfc3339(std::string_view text);  // any offset; fraction cut to ms
[[nodiscard]] std::string to_rfc5322(time_point at);                           // Sat, 31 Jan 2026 08:15:00 +0000

}  // namespace stellwerk
