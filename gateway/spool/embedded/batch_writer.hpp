// batch_writer: turns requests into the writes of one group commit. Decides idempotency, merges and conflicts, also
// between requests of the same batch; keeps every index, count and account in step. Knows nothing of syncs and answers.
//
// Nothing of it lasts until `finish` has been written by the caller. Thread rule: committer only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gateway/spool/embedded/message_cache.hpp"
#include "gateway/spool/embedded/row_codec.hpp"
#include "gateway/spool/embedded/segment_store.hpp"
#include "gateway/spool/embedded/state_db.hpp"
#include "gateway/spool/embedded/tallies.hpp"
#include "gateway/spool/spool.hpp"

namespace stellwerk::spool::embedded {

// Counts by [stream][state], as changes of one batch.
class count_changes {
 public:
  void add(mail::traffic_stream stream, mail::recipient_state state, std::int64_t by);
  [[nodiscard]] const std::map<std::pair<std::uint8_t, std::uint8_t>, std::int64_t>& all() const { return changes_; }

 private:
  std::map<std::pair<std::uint8_t, std::uint8_t>, std::int64_t> changes_;
};

struct accept_result {
  queue_id id;
  bool duplicate = false;
  std::vector<recipient_row> added;
  bool brought_again = false;               // what was damaged of the first one
  std::vector<waiting_recipient> restored;  // see accept_answer
};

// The store as it stands before the batch; what the batch may ask and what it works on.
struct batch_context {
  const state_db& db;
  segment_store& segments;
  message_cache& cache;
  const totals_row& totals;
  const tallies& tally;
  std::uint64_t hash_seed = 0;
  std::uint64_t inline_body_max = 0;
  std::uint64_t inline_line_max = 0;
  duration idempotency_retention{};
  time_point now{};
};

class batch_writer {
 public:
  explicit batch_writer(const batch_context& context);

  [[nodiscard]] result<accept_result> accept(accept_request request);
  // Whole or not at all. errc::refused: a recipient is not in the state the caller believes.
  [[nodiscard]] result<void> settle(const settle_request& request);
  void add_lane(const lane_row& lane);

  // Adds the accounts; the batch is complete then.
  state_batch& finish();
  // The totals once the batch is durable.
  [[nodiscard]] totals_row totals_after() const;
  [[nodiscard]] bool has_ledger_rows() const { return has_ledger_rows_; }
  [[nodiscard]] const tally_changes& tallied() const { return tallied_; }

 private:
  [[nodiscard]] result<std::optional<idempotency_row>> find_claim(const idempotency_hash& hash) const;
  void put_claim(const idempotency_hash& hash, idempotency_row row);
  [[nodiscard]] accept_result store_message(accept_request&& request);
  [[nodiscard]] result<accept_result> merge(const idempotency_hash& hash, idempotency_row known,
                                            accept_request&& request);
  [[nodiscard]] accept_result repeat(const idempotency_row& known, accept_request&& request);
  // What a repetition has to bring again of an open message.
  struct damage {
    bool row = false;
    bool body = false;
    [[nodiscard]] bool any() const { return row || body; }
  };
  [[nodiscard]] damage damage_of(const cached_message& message) const;
  [[nodiscard]] result<void> read_row(const cached_message& message) const;
  [[nodiscard]] result<void> read_body(const cached_message& message) const;
  void replace_row(cached_message& message, message_row row, std::size_t recipients) const;
  [[nodiscard]] static std::vector<waiting_recipient> waiting_of(const cached_message& message);
  // Whether its body belongs in the state: it is small and will soon be gone.
  [[nodiscard]] bool is_inline(const cached_message& message, const mail::content_ptr& content) const;
  void put_body(cached_message& message, const mail::content_ptr& content);
  void put_new_recipient(cached_message& message, const recipient_row& row);
  void put_ledger(const std::vector<ledger_row>& rows);
  void put_suppressions(const std::vector<suppression_change>& changes);
  void put_usage(const std::vector<usage_row>& rows);

  [[nodiscard]] result<void> check_change(const recipient_change& change) const;
  [[nodiscard]] result<void> apply_change(const recipient_change& change);
  void put_indexes(const recipient_key& key, const open_recipient& entry);
  void move_indexes(const recipient_key& key, const open_recipient& before, const open_recipient& after);
  void drop_indexes(const recipient_key& key, const open_recipient& entry);
  void finish_message(cached_message& message);

  batch_context context_;
  state_batch batch_;
  count_changes counts_;
  tally_changes tallied_;
  std::uint64_t ledger_sequence_;
  bool has_ledger_rows_ = false;
  std::map<idempotency_hash, idempotency_row> claims_;  // put in this batch
};

}  // namespace stellwerk::spool::embedded
