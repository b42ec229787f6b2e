// A loop of plain work, against which the other programs are held: integer mixing over 16 KB, and a copy of it. What it
// takes says how fast this machine is at this moment; a benchmark's multiple of it travels better than its nanoseconds.
#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

namespace {

void calibration(benchmark::State& state) {
  const std::string source(16384, 'x');
  std::uint64_t mixed = 0;
  for (auto _ : state) {
    std::string copy = source;
    for (const char c : copy) mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    benchmark::DoNotOptimize(mixed);
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(calibration);

}  // namespace
