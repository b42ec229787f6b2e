// message_cache: what the committer must know of a message to change it, kept for those in motion.
//
// An entry lists all open recipients of its message, so that a settle knows the stored state, the due entry to delete,
// and whether it was the last one, without reading the disk. It is filled at acceptance or, on a miss, by one bounded
// scan. Entries are changed while a batch is built; `end_round` keeps them, except those that finished, so that the
// cache is as small as what is in motion; `clear` forgets all when the batch failed. Thread rule: committer only.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "gateway/spool/embedded/row_codec.hpp"
#include "gateway/spool/embedded/state_db.hpp"
#include "gateway/spool/rows.hpp"

namespace stellwerk::spool::embedded {

struct open_recipient {
  std::uint32_t index = 0;
  mail::recipient_state state = mail::recipient_state::ready;
  bool has_intent = false;
  bool is_damaged = false;  // its row cannot be read: what the caller knows of it counts
  lane_id lane = 0;
  time_point due{};
};

struct cached_message {
  message_row row;
  bool is_finished = false;
  bool is_damaged = false;           // its row cannot be read
  bool is_stream_known = true;       // of a damaged row: from its recipients, who are counted under it
  std::uint64_t written_in = 0;      // the last round that wrote its body, or what was damaged of it
  std::optional<body_place> place;   // none: inline, or released
  std::vector<open_recipient> open;  // by index
};

// Where an open recipient is entered besides its row.
[[nodiscard]] bool has_due_entry(mail::recipient_state state, bool has_intent);
[[nodiscard]] open_recipient open_recipient_of(const recipient_row& row);

class message_cache {
 public:
  message_cache(const state_db& db, std::size_t recipients_max) : db_{db}, recipients_max_{recipients_max} {}

  // Null: neither open nor in history. The pointer holds until `end_round` or `clear`.
  [[nodiscard]] result<cached_message*> find(const queue_id& id);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  cached_message& insert(cached_message message);
  // Of a message that is written in this round the disk knows nothing yet, or what was there before.
  void note_written(cached_message& message) const { message.written_in = round_; }
  [[nodiscard]] bool is_on_disk(const cached_message& message) const { return message.written_in != round_; }
  // Its last recipient is final: nobody will ask for it, but for a merge, which reads the history.
  void note_finished(const queue_id& id) { finished_.push_back(id); }
  // The place of a body moved (copier); known entries follow.
  void move_body(const queue_id& id, const body_place& place);
  void end_round();
  void clear();

 private:
  struct entry {
    cached_message message;
    std::list<queue_id>::iterator age;
  };

  [[nodiscard]] result<std::optional<cached_message>> load(const queue_id& id) const;
  [[nodiscard]] result<bool> load_row(const queue_id& id, cached_message& into) const;
  [[nodiscard]] result<void> load_open(cached_message& into) const;

  const state_db& db_;
  std::size_t recipients_max_;
  std::unordered_map<queue_id, entry> entries_;
  std::list<queue_id> ages_;  // oldest first
  std::uint64_t round_ = 1;
  std::vector<queue_id> finished_;  // of this round; a merge may have opened one again
};

}  // namespace stellwerk::spool::embedded
