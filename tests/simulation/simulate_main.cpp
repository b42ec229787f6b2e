// simulate: runs many seeds and stops at the first that breaks a promise.
//
//   simulate [--seeds N] [--first SEED] [--tell]     also by STELLWERK_SEEDS and STELLWERK_FIRST_SEED
//
// Exit 0: every promise was kept. Exit 1: the seed and what went wrong are on stderr; `--first SEED --seeds 1 --tell`
// tells its story.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"
#include "tests/simulation/world.hpp"

namespace stellwerk::simulation {
namespace {

struct arguments {
  std::uint64_t seeds = 1000;
  std::uint64_t first = 1;
  telling how = telling::silent;
};

std::uint64_t number(const char* text, std::uint64_t otherwise) {
  return text == nullptr ? otherwise : parse_decimal(text).value_or(otherwise);
}

// A seed that ends the process is a finding as well, and has to be named.
volatile std::sig_atomic_t current_seed = 0;
extern "C" void name_the_seed(int) {
  std::fprintf(stderr, "seed %ld ended the process\n", static_cast<long>(current_seed));
}

arguments read(int count, char** values) {
  arguments out;
  out.seeds = number(std::getenv("STELLWERK_SEEDS"), out.seeds);
  out.first = number(std::getenv("STELLWERK_FIRST_SEED"), out.first);
  for (int i = 1; i < count; ++i) {
    const std::string_view name = values[i];
    const char* value = i + 1 < count ? values[i + 1] : nullptr;
    if (name == "--seeds") out.seeds = number(value, out.seeds);
    if (name == "--first") out.first = number(value, out.first);
    if (name == "--tell") out.how = telling::aloud;
  }
  return out;
}

int run(const arguments& asked) {
  (void)std::signal(SIGABRT, name_the_seed);
  run_result all;
  int failed = 0;
  for (std::uint64_t i = 0; i < asked.seeds; ++i) {
    current_seed = static_cast<std::sig_atomic_t>(asked.first + i);
    const run_result one = run_world(asked.first + i, asked.how);
    all.acknowledged += one.acknowledged;
    all.attempts += one.attempts;
    all.ambiguous += one.ambiguous;
    all.copies += one.copies;
    all.notices += one.notices;
    all.deaths += one.deaths;
    all.power_losses += one.power_losses;
    if (one.violations.empty()) continue;
    std::fprintf(stderr, "seed %llu breaks a promise:\n", static_cast<unsigned long long>(one.seed));
    for (const std::string& what : one.violations) std::fprintf(stderr, "  %s\n", what.c_str());
    if (++failed >= 5) break;
  }
  std::printf(
      "%llu seeds from %llu: %llu recipients acknowledged, %llu attempts, %llu of them ambiguous, %llu copies, %llu "
      "notices, "
      "%llu deaths of the process, %llu by loss of power; %d seeds broke a promise\n",
      static_cast<unsigned long long>(asked.seeds), static_cast<unsigned long long>(asked.first),
      static_cast<unsigned long long>(all.acknowledged), static_cast<unsigned long long>(all.attempts),
      static_cast<unsigned long long>(all.ambiguous), static_cast<unsigned long long>(all.copies),
      static_cast<unsigned long long>(all.notices), static_cast<unsigned long long>(all.deaths),
      static_cast<unsigned long long>(all.power_losses), failed);
  // A harness that injects nothing proves nothing.
  const bool eventful = asked.seeds < 100 || (all.ambiguous > asked.seeds / 10 && all.deaths > asked.seeds / 4);
  if (!eventful) std::fprintf(stderr, "too little happened: the run does not count\n");
  return failed == 0 && eventful ? 0 : 1;
}

}  // namespace
}  // namespace stellwerk::simulation

int main(int count, char** values) { return stellwerk::simulation::run(stellwerk::simulation::read(count, values)); }
