// state_reader: everything the store answers without writing. Blocks on the disk; any thread, no locks across a read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/metric.hpp"
#include "base/result.hpp"
#include "gateway/spool/embedded/segment_store.hpp"
#include "gateway/spool/embedded/state_db.hpp"
#include "gateway/spool/spool.hpp"

namespace stellwerk::spool::embedded {

class state_reader {
 public:
  state_reader(const state_db& db, const segment_store& segments, logger& log, counter corrupt_records)
      : db_{db}, segments_{segments}, log_{log}, corrupt_records_{corrupt_records} {}

  [[nodiscard]] result<loaded_message> load_message(const queue_id& id) const;
  [[nodiscard]] result<message_row> load_message_row(const queue_id& id) const;
  [[nodiscard]] result<mail::content_ptr> load_content(const queue_id& id) const;  // null: released
  [[nodiscard]] result<std::vector<recipient_row>> load_recipients(const queue_id& id) const;
  [[nodiscard]] result<recipient_row> load_recipient(const recipient_key& key) const;
  [[nodiscard]] result<std::vector<due_entry>> scan_lane(lane_id lane, const due_entry& from, std::size_t limit) const;
  [[nodiscard]] result<std::vector<ledger_row>> read_ledger(std::uint64_t after, std::string_view tenant,
                                                            std::size_t limit) const;
  [[nodiscard]] result<std::vector<suppression_row>> list_suppressions(const suppression_filter& filter) const;
  [[nodiscard]] result<std::vector<recipient_row>> open_intents() const;
  [[nodiscard]] result<std::vector<listed_recipient>> list(const message_filter& filter) const;
  [[nodiscard]] result<std::optional<std::string>> load_note(std::string_view name) const;

 private:
  [[nodiscard]] result<void> append_recipients(family which, const queue_id& id,
                                               std::vector<recipient_row>& into) const;
  void report(std::string_view event, const queue_id& id) const;

  const state_db& db_;
  const segment_store& segments_;
  logger& log_;
  mutable counter corrupt_records_;
};

}  // namespace stellwerk::spool::embedded
