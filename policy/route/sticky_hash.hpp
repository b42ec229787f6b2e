// The hash by which mail is shared out. It is part of the behaviour: the same key goes the same way in every version.
#pragma once

#include <cstdint>
#include <string_view>

namespace stellwerk::policy {

// FNV-1a over both texts, then the finaliser of splitmix64, which FNV's weak upper bits need.
[[nodiscard]] constexpr std::uint64_t sticky_hash(std::string_view key, std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  hash = (hash ^ 0U) * 0x100000001b3ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31);
}

// Evenly between 0 and 1, never either.
[[nodiscard]] constexpr double sticky_unit(std::string_view key, std::string_view name) {
  return (static_cast<double>(sticky_hash(key, name) >> 11) + 0.5) * 0x1.0p-53;
}

}  // namespace stellwerk::policy
