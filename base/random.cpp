#include "base/random.hpp"

#include <cstdlib>
#include <cstring>

#include <openssl/rand.h>

namespace stellwerk {

__extension__ using wide = unsigned __int128;

std::uint64_t random_source::below(std::uint64_t bound) noexcept {
  return static_cast<std::uint64_t>((static_cast<wide>(next()) * bound) >> 64);
}

double random_source::unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::uint64_t seeded_random::next() noexcept {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

void secure_random(std::span<unsigned char> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) std::abort();
}

std::uint64_t secure_seed() {
  unsigned char bytes[sizeof(std::uint64_t)];
  secure_random(bytes);
  std::uint64_t seed = 0;
  std::memcpy(&seed, bytes, sizeof seed);
  return seed;
}

}  // namespace stellwerk
