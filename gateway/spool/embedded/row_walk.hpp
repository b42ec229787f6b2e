// row_walk: visits every row of a family that can be read, and steps over the blocks of tables that cannot.
//
// The keys of a lost block are unknown; where it ends is found by probing keys behind the last good one, in doubling
// and then halving steps (keys are big-endian numbers of one length). Thread rule: as state_db's reads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gateway/spool/embedded/state_db.hpp"

namespace stellwerk::spool::embedded {

// `value` is unsealed; nothing if the seal does not hold. Families of marks (the key is the fact) have an empty one.
using row_visitor = std::function<void(std::string_view key, std::optional<std::string_view> value)>;

// How many stretches of the family could not be read.
[[nodiscard]] result<std::uint64_t> walk_rows(const state_db& db, family which, const row_visitor& visit);

[[nodiscard]] bool holds_marks(family which);
// Moves a damaged cursor behind the damage that follows `last_key` ("" at the start), at worst to the end; answers the
// key it sought.
std::string step_over_damage(state_cursor& at, std::string_view last_key, std::size_t key_size);
[[nodiscard]] std::size_t key_size_of(family which);

}  // namespace stellwerk::spool::embedded
