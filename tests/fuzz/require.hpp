// What a fuzz target may assume of the code under test; a broken assumption ends the process, so that every driver
// (libFuzzer, the replay) sees it as a crash with its input.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace stellwerk::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

}  // namespace stellwerk::fuzz
