// trace: everything that happened in a run, in order, as a hash: two runs of one seed must agree. Shown line by line
// when somebody wants to read the story of a seed.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace stellwerk::simulation {

class trace {
 public:
  trace(const clock& time, bool shown) : time_{time}, begin_{time.steady()}, shown_{shown} {}

  void note(std::string_view what) {
    const auto at = std::chrono::duration_cast<std::chrono::microseconds>(time_.steady() - begin_).count();
    add(std::to_string(at));
    add(what);
    ++lines_;
    if (shown_)
      std::fprintf(stderr, "%12.6f  %.*s\n", static_cast<double>(at) / 1e6, static_cast<int>(what.size()), what.data());
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  [[nodiscard]] bool shown() const { return shown_; }

 private:
  void add(std::string_view text) {
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  const clock& time_;
  steady_point begin_;
  bool shown_;
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  std::uint64_t lines_ = 0;
};

}  // namespace stellwerk::simulation
