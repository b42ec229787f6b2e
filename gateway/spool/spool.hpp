// spool: the durable store. An acknowledgement to a client is possible only with an `accepted_message`, and only a
// spool makes one, after the sync that covers it.
//
// Writes are requests to one committer, which groups them, syncs once and answers each in order (group commit).
// Reads block and are for reader threads. Any thread may call `commit`; completions run on the committer's thread and
// must only post. After a failed sync the spool refuses every write (errc::store_failed) until the process restarts;
// with no space left it refuses (errc::store_full) until there is room again.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "gateway/spool/rows.hpp"
#include "gateway/spool/suppression_row.hpp"
#include "mail/analysed_message.hpp"
#include "mail/submission.hpp"

namespace stellwerk::spool {

// Proof that a message is durable and our responsibility.
class accepted_message {
 public:
  [[nodiscard]] const queue_id& id() const { return id_; }
  [[nodiscard]] bool duplicate() const { return duplicate_; }  // the idempotency key was known: nothing new was stored

 private:
  friend class store;
  accepted_message(queue_id id, bool duplicate) : id_{id}, duplicate_{duplicate} {}
  queue_id id_;
  bool duplicate_;
};

// Scope (tenant, key), both doors.
struct idempotency_claim {
  std::string tenant;
  std::string key;
  std::array<std::uint8_t, 32> fingerprint{};
  bool merge_recipients = false;  // SMTP: a local MTA splits one message into transactions; new recipients are added
};

// One message to accept: body once, one row per recipient, intents of those that start at once inside the rows.
struct accept_request {
  message_row message;
  std::vector<recipient_row> recipients;
  mail::content_ptr content;
  mail::analysed_ptr analysed;  // of `content`, when the caller has it: saves the acceptor parsing again; not stored
  std::optional<idempotency_claim> idempotency;
  std::vector<lane_row> new_lanes;  // interned by the caller, first used here
  std::vector<ledger_row> ledger;
  std::vector<usage_row> usage;  // stored if anything of this is
  // Made because of recipients of this one (the notice of their refusal): stored in the same commit if one of them is.
  // Their lanes stand in new_lanes above.
  std::vector<accept_request> made;
  std::vector<std::uint32_t> about;  // of one in `made`: the positions of those recipients
  // Of one in `made` that is about several: its content about those at these places in `about`, for when a merge knows
  // the others already. Runs on any thread.
  std::function<mail::content_ptr(const std::vector<std::size_t>& places)> content_about;
};

struct accept_answer {
  accepted_message message;
  std::vector<recipient_row> added;  // the rows stored now (for a merge: under the first message's id and new indices)
  // Where a repetition brought again what could not be read any more: the recipients that wait for it, of which those
  // that were taken up meanwhile have been given up.
  std::vector<waiting_recipient> restored;
};
// errc::already_exists: gRPC, same key and fingerprint are answered as a duplicate (value with duplicate() true);
// errc::fingerprint_differs: same key, other content; errc::store_full, errc::store_failed: keep it yourself.
using accept_completion = std::function<void(result<accept_answer>)>;

// The fate of one recipient changes: `before` is the row as the caller (the only writer of it) knows it, `after` what
// it becomes. A final `after` moves to history; the message goes when its last recipient is final.
struct recipient_change {
  recipient_row before;
  recipient_row after;
  mail::traffic_stream stream = mail::traffic_stream::transactional;  // of its message, for the counts
};

struct settle_request {
  std::vector<recipient_change> changes;
  std::vector<ledger_row> ledger;
  std::vector<lane_row> new_lanes;
  std::vector<usage_row> usage;
  std::vector<accept_request> accepts;  // made from these (DSN): in the same batch as their cause
  std::vector<note_row> notes;          // each replaces the one of its name
  std::vector<suppression_change> suppressions;
  bool urgent = true;  // false: may wait for a later group commit (the intent covers it)
};
using settle_completion = std::function<void(result<void>)>;

struct loaded_message {
  message_row message;
  mail::content_ptr content;  // null once the body was released
};

struct store_health {
  bool writable = true;
  std::string reason;  // "store_full", "store_failed" ...
  std::uint64_t state_bytes = 0;
  std::uint64_t body_bytes = 0;  // on disk
  std::uint64_t body_bytes_live = 0;
  std::uint64_t bytes_max = 0;
};

struct message_filter {
  std::optional<mail::recipient_state> state;
  std::optional<mail::traffic_stream> stream;
  std::string tenant;             // empty: all
  std::string recipient_domain;   // empty: all
  std::optional<queue_id> after;  // page on
  std::size_t limit = 100;
  bool open_only = false;  // without a state: leave out what is final
};

struct listed_recipient {
  message_row message;
  recipient_row recipient;
};

class store {
 public:
  virtual ~store() = default;

  // ---- writes, any thread ----
  virtual void accept(accept_request request, accept_completion done) = 0;
  virtual void settle(settle_request request, settle_completion done) = 0;

  // ---- reads, reader threads only ----
  [[nodiscard]] virtual result<loaded_message> load_message(const queue_id& id) = 0;
  [[nodiscard]] virtual result<message_row> load_message_row(
      const queue_id& id) = 0;  // also of finished messages, from history
  // Open rows and, from history, finished ones; by index.
  [[nodiscard]] virtual result<std::vector<recipient_row>> load_recipients(const queue_id& id) = 0;
  [[nodiscard]] virtual result<recipient_row> load_recipient(const recipient_key& key) = 0;
  // Entries of a lane from `from` on, in order, at most `limit`; never seeks below `from`.
  [[nodiscard]] virtual result<std::vector<due_entry>> scan_lane(lane_id lane, const due_entry& from,
                                                                 std::size_t limit) = 0;
  [[nodiscard]] virtual result<std::vector<listed_recipient>> list(const message_filter& filter) = 0;
  // Ledger rows after `after`, of `tenant` ("" = all).
  [[nodiscard]] virtual result<std::vector<ledger_row>> read_ledger(std::uint64_t after, std::string_view tenant,
                                                                    std::size_t limit) = 0;
  [[nodiscard]] virtual result<std::optional<std::string>> load_note(std::string_view name) = 0;
  // In the order of their keys. A row whose value cannot be read is there all the same, as its key says: nobody is
  // mailed because of a flipped bit.
  [[nodiscard]] virtual result<std::vector<suppression_row>> list_suppressions(const suppression_filter& filter) = 0;

  // ---- at start ----
  [[nodiscard]] virtual std::vector<lane_row> lanes() const = 0;
  // Recipients with an intent and no outcome: unknown at that destination.
  [[nodiscard]] virtual result<std::vector<recipient_row>> open_intents() = 0;

  // ---- counts and health, any thread ----
  // Exactly what is stored, kept by the committer: [stream][state].
  [[nodiscard]] virtual std::uint64_t count(mail::traffic_stream stream, mail::recipient_state state) const = 0;
  // Recipients in line by lane; open recipients that are tied to a destination by an unknown outcome.
  [[nodiscard]] virtual std::map<lane_id, std::uint64_t> in_line() const = 0;
  [[nodiscard]] virtual std::uint64_t tied_to(std::string_view destination) const = 0;
  [[nodiscard]] virtual std::vector<usage_row> usage() const = 0;
  [[nodiscard]] virtual store_health health() const = 0;
  [[nodiscard]] virtual std::uint64_t last_ledger_sequence() const = 0;

  // Commits what was asked for and stops the committer; later writes fail with errc::cancelled.
  virtual void close() = 0;

 protected:
  [[nodiscard]] static accepted_message make_accepted(queue_id id, bool duplicate) { return {id, duplicate}; }
};

// The way a door hands a message over. The delivery side implements it: it decides at once, puts the intents of what
// starts now into the request, and passes it on to the store, so that the first attempt costs no sync of its own.
class acceptor {
 public:
  virtual ~acceptor() = default;
  // `done` runs on an unspecified thread and must only post. errc::limit_reached: full, try later.
  virtual void accept(accept_request request, accept_completion done) = 0;
};

}  // namespace stellwerk::spool
