// Keys of the state: fixed-size, big-endian, so that byte order is the order of scans. Layouts in FORMAT.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/spool/rows.hpp"

namespace stellwerk::spool::embedded {

// The column families, by their stored number.
enum class family : std::uint8_t {
  meta = 0,
  message = 1,
  body = 2,
  recipient = 3,
  due = 4,
  intent = 5,
  idempotency = 6,
  idempotency_expiry = 7,
  lane = 8,
  history_message = 9,
  history_recipient = 10,
  ledger = 11,
  segment = 12,
  suppression = 13,
};
inline constexpr std::size_t family_count = 14;
[[nodiscard]] const char* name_of(family which);

using idempotency_hash = std::array<std::uint8_t, 16>;

inline constexpr std::string_view format_key = "format";
inline constexpr std::string_view totals_key = "totals";
inline constexpr std::string_view seed_key = "seed";
// Tallies: the prefix, then lane:be32, or a name.
inline constexpr std::string_view in_line_prefix = "in_line/";
inline constexpr std::string_view tied_prefix = "tied/";
inline constexpr std::string_view usage_prefix = "usage/";
inline constexpr std::string_view note_prefix = "note/";

[[nodiscard]] std::string key_of(const recipient_key& key);
[[nodiscard]] std::string due_key_of(lane_id lane, const due_entry& entry);
[[nodiscard]] std::string be32_key(std::uint32_t value);  // lanes, segments
[[nodiscard]] std::string be64_key(std::uint64_t value);  // ledger
[[nodiscard]] std::string expiry_key_of(time_point expires, const idempotency_hash& hash);
[[nodiscard]] inline std::string_view view_of(const idempotency_hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

[[nodiscard]] std::optional<recipient_key> parse_recipient_key(std::string_view bytes);
[[nodiscard]] std::optional<due_entry> parse_due_key(std::string_view bytes);

// The first key after every key that starts with `prefix`; empty if there is none.
[[nodiscard]] std::string after_prefix(std::string_view prefix);

// Scope and name of a request to be recognised again. The seed is the store's own secret: nobody outside can construct
// a key that meets another tenant's.
[[nodiscard]] idempotency_hash hash_of_claim(std::string_view tenant, std::string_view key, std::uint64_t seed);
[[nodiscard]] std::uint64_t hash_of_address(std::string_view address);

}  // namespace stellwerk::spool::embedded
