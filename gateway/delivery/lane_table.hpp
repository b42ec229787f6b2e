// lane_table: where queued recipients wait. A lane is (stream, tenant, ordered candidates after invariants); each holds
// a window of its next entries in memory, never more than `window_max`, and a cursor into the store behind it.
//
// The store is the truth; the window is its beginning. `complete` says that nothing lies behind the window. Entries are
// taken out to be worked on and come back (put) or not. An entry whose key lies behind the cursor is not inserted: the
// next refill finds it. Memory is O(lanes x window), never O(queue). Thread rule: dispatch thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/delivery/delivery_message.hpp"
#include "gateway/spool/rows.hpp"

namespace stellwerk::delivery {

// What is already in memory for an entry, so that its start reads nothing. Its body counts in `total` as long as it
// lives, whatever becomes of the entry.
struct warm_entry {
  warm_entry(message_ptr what, spool::recipient_row row_in, std::size_t& total)
      : message{std::move(what)}, row{std::move(row_in)}, total_{total}, bytes_{message->bytes()} {
    total_ += bytes_;
  }
  ~warm_entry() { total_ -= bytes_; }
  warm_entry(const warm_entry&) = delete;
  warm_entry& operator=(const warm_entry&) = delete;

  message_ptr message;
  spool::recipient_row row;

 private:
  std::size_t& total_;
  std::size_t bytes_;
};
using warm_ptr = std::shared_ptr<warm_entry>;

// Waits in a lane, so it has an entry there.
[[nodiscard]] constexpr bool lies_in_lane(mail::recipient_state state) {
  return state == mail::recipient_state::scheduled || state == mail::recipient_state::ready ||
         state == mail::recipient_state::deferred || state == mail::recipient_state::unknown;
}

struct lane_item {
  spool::due_entry at;
  warm_ptr warm;                        // null: must be loaded
  std::optional<time_point> ends = {};  // of a lane with own lifetimes: when it is to be settled; none: not known
};

class lane;

// What a tenant's mail of one stream has taken so far, in units of a recipient.
struct tenant_turn {
  double served = 0;
};

class lane {
 public:
  lane(spool::lane_row row, std::size_t window_max, bool complete);

  [[nodiscard]] const spool::lane_row& row() const { return row_; }
  // Its row is durable; until then it goes along with every write that uses the lane.
  [[nodiscard]] bool stored() const { return stored_; }
  void mark_stored() { stored_ = true; }
  [[nodiscard]] bool has_due(time_point now) const {
    return !window_.empty() && window_.begin()->first.due <= now && parked_.size() < window_max_;
  }
  [[nodiscard]] bool waiting(time_point now) const { return !parked_.empty() || has_due(now); }
  [[nodiscard]] bool window_empty() const { return window_.empty(); }
  [[nodiscard]] std::optional<time_point> next_due() const;
  [[nodiscard]] std::optional<spool::due_entry> head() const;
  // Nothing waits here at all, as far as known: what arrives may start at once without overtaking anybody.
  [[nodiscard]] bool idle(time_point now) const { return complete_ && taken == 0 && !has_due(now); }

  [[nodiscard]] std::optional<lane_item> take_due(time_point now);
  // False: it lies behind the cursor and stays in the store.
  bool put(lane_item item);
  // Set aside what cannot start for a reason of its own (its mailbox provider, its sender, a limit), so that it does
  // not stop those behind it. False: as many are set aside as a window holds; it goes back to the head.
  bool park(lane_item item);
  // Back into the window: all of them where none was set aside since the last time, else the few that waited longest,
  // so that thousands of a closed provider are not all asked again and again. A refill that failed may be tried again.
  void unpark();
  [[nodiscard]] std::size_t parked() const { return parked_.size(); }
  std::optional<lane_item> remove(const spool::due_entry& at);  // wherever it waits, set aside or not

  // Refill: wanted when the window runs low and more lies behind.
  [[nodiscard]] bool wants_refill() const {
    return !complete_ && !refilling_ && !refill_failed_ && window_.size() < window_max_ / 2;
  }
  void refill_started() { refilling_ = true; }
  [[nodiscard]] const spool::due_entry& cursor() const { return cursor_; }
  // `entries` follow the cursor; fewer than `asked` means that the lane ends there. `skip` tells entries being worked
  // on.
  void refill(const std::vector<spool::due_entry>& entries, std::size_t asked,
              const std::function<bool(const spool::recipient_key&)>& skip);
  void refill_failed();
  [[nodiscard]] std::size_t size() const { return window_.size(); }
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] std::size_t refill_size() const { return window_max_ - window_.size(); }

  // Entries in the window whose message was accepted before `accepted_before`, at most `most`.
  [[nodiscard]] std::vector<spool::due_entry> old_entries(time_point accepted_before, std::size_t most) const;
  // Of a lane with own lifetimes: entries whose time is over, at most `most`; those of which it is not known come along
  // if asked for.
  enum class not_known : std::uint8_t { skip, include };
  [[nodiscard]] std::vector<spool::due_entry> ended(time_point now, std::size_t most, not_known others) const;
  [[nodiscard]] std::optional<time_point> next_end() const;  // the first that is known

  std::int64_t in_line = 0;  // recipients, here and in the store, that wait for its destinations or are being attempted
  std::size_t taken = 0;     // being loaded or decided: they will want a slot in a moment
  tenant_turn* turn = nullptr;
  std::uint64_t last_turn = 0;            // which of all turns was its last
  std::vector<lane*>* busy_in = nullptr;  // where it is noted that there is something in it
  steady_point refill_after{};            // the store could not be read: not before this

 private:
  void shrink();
  void note_late(const spool::due_entry& at);
  struct waiting_entry {
    warm_ptr warm;
    std::optional<time_point> ends;
  };
  using window = std::map<spool::due_entry, waiting_entry>;
  void insert(lane_item item);
  friend class lane_table;
  void note_busy() {
    if (!std::exchange(is_noted_, true) && busy_in != nullptr) busy_in->push_back(this);
  }
  [[nodiscard]] lane_item extract(window::iterator at);

  spool::lane_row row_;
  window window_;
  bool is_noted_ = false;                                   // in busy_in
  std::set<std::pair<time_point, spool::due_entry>> ends_;  // of the window, where lifetimes are own; epoch: not known
  std::deque<lane_item> parked_;                            // longest set aside first
  std::size_t parked_since_unpark_ = 0;
  std::size_t window_max_;
  spool::due_entry cursor_{};  // everything up to here is, or was, in the window
  bool complete_ = true;
  bool stored_ = false;
  bool refilling_ = false;
  bool refill_failed_ = false;
  // Put, or pushed out of the window, behind the cursor while the store was being read: what was read may not have
  // them, and the cursor is about to pass them. The first `window_max_`; the cursor must not reach `late_cut_`, the
  // first of those that are more.
  std::set<spool::due_entry> late_;
  std::optional<spool::due_entry> late_cut_;
};

// Interns lanes and walks them fairly: the tenant of a stream that was served least comes first, so that nobody's
// backlog stops another's. What a tenant took is counted in recipients and size; who took nothing for a while is ahead
// by `credit_max` at most. Lanes with nothing in them are not walked.
class lane_table {
 public:
  explicit lane_table(std::size_t window_max) : window_max_{window_max} {}

  // At start: known lanes, whose entries lie in the store.
  void restore(std::vector<spool::lane_row> rows);

  struct interned {
    spool::lane_id id = 0;
    std::optional<spool::lane_row> made;  // to be stored with this entry
  };
  [[nodiscard]] interned intern(mail::traffic_stream stream, std::string_view tenant,
                                const std::vector<std::string>& candidates, bool own_lifetime);
  [[nodiscard]] lane& at(spool::lane_id id) { return *lanes_[id]; }
  [[nodiscard]] bool knows(spool::lane_id id) const { return lanes_.contains(id); }
  static constexpr double credit_max = 1000;  // the largest message, in recipients
  // The lanes of a stream that have something due or to be read, in the order they are to be asked.
  [[nodiscard]] std::vector<spool::lane_id> in_turn(mail::traffic_stream stream, time_point now);
  // An attempt for so many recipients of a message of this size begins.
  void charge(spool::lane_id id, std::size_t recipients, std::uint64_t size);
  [[nodiscard]] std::size_t size() const { return lanes_.size(); }
  template <class F>
  void for_each(F visit) {
    for (auto& [id, one] : lanes_) visit(*one);
  }
  // Those that have, or may have, something in their window. `visit` changes nothing.
  template <class F>
  void for_each_busy(F visit) const {
    for (const auto& busy : busy_) {
      for (const lane* one : busy) visit(*one);
    }
  }

 private:
  [[nodiscard]] static std::string key_of(const spool::lane_row& row);
  void add(spool::lane_row row, bool complete);

  std::size_t window_max_;
  std::unordered_map<spool::lane_id, std::unique_ptr<lane>> lanes_;
  std::map<std::string, spool::lane_id, std::less<>> by_key_;
  std::vector<lane*> busy_[2];
  std::map<std::string, tenant_turn, std::less<>> turns_[2];
  double least_[2] = {0, 0};  // what everybody is taken to have had
  std::uint64_t turns_taken_ = 0;
  spool::lane_id next_id_ = 1;
};

}  // namespace stellwerk::delivery
