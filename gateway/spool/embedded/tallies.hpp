// tallies: what the store counts besides the totals: recipients in line by lane, recipients tied to a destination, and
// how much of each allowance is used. Each count is a row of its own in the meta family, written in the batch that
// changes it; so it is exact after a crash, and a restart reads no queue. FORMAT.md has the keys.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "gateway/spool/embedded/state_db.hpp"
#include "gateway/spool/rows.hpp"

namespace stellwerk::spool::embedded {

// What one batch changes.
class tally_changes {
 public:
  // A recipient comes (`lane` and state of its row), goes, or moves.
  void add(lane_id lane, mail::recipient_state state, std::string_view pinned, std::int64_t by);
  void add(const usage_row& row);
  [[nodiscard]] bool empty() const { return in_line_.empty() && tied_.empty() && usage_.empty(); }

 private:
  friend class tallies;
  std::map<lane_id, std::int64_t> in_line_;
  std::map<std::string, std::int64_t, std::less<>> tied_;
  std::map<std::string, usage_row, std::less<>> usage_;
};

class tallies {
 public:
  [[nodiscard]] static result<tallies> read(const state_db& db);

  // The rows of what `changes` makes of this.
  void put(state_batch& batch, const tally_changes& changes) const;
  // The batch is durable.
  void apply(const tally_changes& changes);

  [[nodiscard]] std::map<lane_id, std::uint64_t> in_line() const { return {in_line_.begin(), in_line_.end()}; }
  [[nodiscard]] std::uint64_t in_line(lane_id lane) const;
  [[nodiscard]] std::uint64_t tied_to(std::string_view destination) const;
  [[nodiscard]] std::vector<usage_row> usage() const;

 private:
  [[nodiscard]] bool is_news(const usage_row& row) const;

  std::map<lane_id, std::uint64_t, std::less<>> in_line_;
  std::map<std::string, std::uint64_t, std::less<>> tied_;
  std::map<std::string, usage_row, std::less<>> usage_;
};

}  // namespace stellwerk::spool::embedded
