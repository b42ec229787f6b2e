// suppression_list: who must not be mailed, as an index in memory. The store has the rows with everything that people
// want to know; this answers one question for every recipient of every decision: may it be mailed now, and if not, why.
//
// An open-addressed table of 128-bit keys: 24 bytes a slot, three eighths to three quarters of the slots in use, so 32
// to 64 bytes an entry (half as much again while it grows), whatever the length of addresses. Two addresses that share
// a key would be taken for one; with a million entries that answers a question wrongly once in 10^32. Thread rule: one
// thread (dispatch).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gateway/spool/spool.hpp"
#include "mail/traffic_stream.hpp"

namespace stellwerk::events {

class suppression_list {
 public:
  static constexpr std::size_t entries_max = 5'000'000;

  // `seed` is of chance, so that nobody can construct addresses that meet in the table.
  explicit suppression_list(std::uint64_t seed = 0) : seed_{seed} {}

  // Adds it or takes the place of the one with its tenant, address and scope. True: it is new.
  bool put(const spool::suppression_row& row);
  // False: there is none with its tenant, address and scope.
  bool remove(const spool::suppression_row& row);
  // There is one with its tenant, address and scope that has not expired.
  [[nodiscard]] bool holds(const spool::suppression_row& row, time_point now) const;

  // Why this recipient must not get mail of this stream; nothing: it may. Rows of its tenant come before those of all,
  // and rows of all streams before those of one.
  [[nodiscard]] std::optional<spool::suppression_reason> find(std::string_view tenant, std::string_view recipient,
                                                              mail::traffic_stream stream, time_point now) const;

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t expiring() const { return expiring_; }  // those with an end
  [[nodiscard]] std::size_t slots() const { return table_.size(); }
  static constexpr std::size_t slot_bytes = 24;

 private:
  struct entry {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::uint32_t expires = 0;  // seconds; 0: never
    spool::suppression_reason reason = spool::suppression_reason::manual;
    bool used = false;
  };
  static_assert(sizeof(entry) == slot_bytes);

  [[nodiscard]] entry key_of(std::string_view text) const;
  [[nodiscard]] entry entry_of(const spool::suppression_row& row) const;
  // Where it is, or would be.
  [[nodiscard]] std::size_t place_of(const entry& wanted) const;
  [[nodiscard]] const entry* look_up(std::string_view text) const;
  void grow();
  [[nodiscard]] std::uint64_t& count_of(const spool::suppression_row& row) {
    return counts_[row.tenant.empty() ? 1 : 0][static_cast<std::size_t>(row.scope)];
  }

  std::uint64_t seed_;
  std::vector<entry> table_;  // a power of two of them, or none
  std::size_t size_ = 0;
  std::size_t expiring_ = 0;
  // [of a tenant, of all][scope]: what there is none of is not looked for.
  std::array<std::array<std::uint64_t, spool::all_suppression_scopes.size()>, 2> counts_{};
};

// Every row of the store, page by page. A fault: the list cannot be known, so nobody may be mailed. Blocks.
[[nodiscard]] result<void> each_suppression(spool::store& store,
                                            const std::function<void(spool::suppression_row row)>& visit);
[[nodiscard]] result<suppression_list> load_suppressions(spool::store& store, std::uint64_t seed);

}  // namespace stellwerk::events
