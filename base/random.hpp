// Chance is a parameter. Secrets (tokens, salts) come from `secure_random`, never from a seeded source.
#pragma once

#include <cstdint>
#include <span>

namespace stellwerk {

class random_source {
 public:
  virtual ~random_source() = default;
  [[nodiscard]] virtual std::uint64_t next() noexcept = 0;
  // Uniform in [0, bound); REQUIRES bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept;
  // Uniform in [0, 1).
  [[nodiscard]] double unit() noexcept;
};

// splitmix64: deterministic from its seed. One per thread; not safe to share.
class seeded_random final : public random_source {
 public:
  explicit seeded_random(std::uint64_t seed) noexcept : state_{seed} {}
  [[nodiscard]] std::uint64_t next() noexcept override;

 private:
  std::uint64_t state_;
};

// Fills from the operating system's generator; ends the process when that fails.
void secure_random(std::span<unsigned char> out);
[[nodiscard]] std::uint64_t secure_seed();

}  // namespace stellwerk
