// Lanes: what is pulled when, refills, sweeps, housekeeping.
#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "base/planted_defect.hpp"
#include "gateway/delivery/dispatcher.hpp"

namespace stellwerk::delivery {
namespace {

constexpr std::size_t take_max = 64;    // items of one lane in one turn
constexpr std::size_t group_max = 100;  // recipients of one message taken together (RFC 5321 4.5.3.1.8)
constexpr std::size_t sweep_max = 200;  // old entries looked at per lane and sweep
// Of held mail that expires in one sweep; one message at least.
constexpr std::uint64_t expired_bytes_max = 16ULL << 20;
constexpr duration housekeeping_interval{std::chrono::milliseconds{250}};
constexpr std::size_t put_off_max = 100;  // recipients of a closed pair written a later due time in one interval
constexpr duration idle_interval{std::chrono::seconds{1}};
constexpr duration suppression_sweep_interval{std::chrono::hours{1}};

}  // namespace

void dispatcher::pump() {
  lanes_dirty_ = false;
  if (!starting_) return;
  const time_point now = env_.time.now();
  // Who waits where, so that a stream's guaranteed share is kept free for it.
  for (const policy::destination_traits& one : rules_->destinations()) {
    for (const mail::traffic_stream stream : mail::all_traffic_streams) table_.set_waiting(one.name, stream, false);
  }
  lanes_.for_each_busy([&](const lane& one) {
    if (!one.has_due(now)) return;
    for (const std::string& name : one.row().candidates) {
      if (!table_.available(name, one.row().stream)) continue;
      table_.set_waiting(name, one.row().stream, true);
      break;
    }
  });
  for (const mail::traffic_stream stream : mail::all_traffic_streams) {
    for (bool more = true; more;) {
      more = false;
      for (const spool::lane_id id : lanes_.in_turn(stream, now)) more |= pump_lane(lanes_.at(id), now);
    }
  }
}

// How many messages of a lane could start now: as many as its first available destination has room for, or, where that
// one is beyond a spill threshold, the next.
std::size_t dispatcher::room_of(const lane& one) const {
  const std::vector<std::string>& names = one.row().candidates;
  std::size_t room = 0;
  bool known = false;
  bool available = false;
  for (const std::string& name : names) {
    known |= table_.known(name);
    if (!table_.available(name, one.row().stream)) continue;
    available = true;
    room = table_.room(name, one.row().stream);
    if (room > 0 || !table_.spills(name)) break;
  }
  if (!available) {
    const bool panic = !names.empty() && std::all_of(names.begin(), names.end(), [&](const auto& name) {
      return table_.panic_allowed(name, one.row().stream);
    });
    if (panic) room = table_.room(names.front(), one.row().stream);
    if (!known) room = take_max;  // a reload took every destination of this lane: its mail is decided anew
  }
  return room;
}

// One turn of one lane; true when it took as much as a turn allows and more is due.
bool dispatcher::pump_lane(lane& one, time_point now) {
  if (one.wants_refill() && env_.time.steady() >= one.refill_after) refill(one);
  if (!one.has_due(now) || leased_.size() >= config_.unsettled_max) return false;
  std::size_t room = room_of(one);
  room = std::min({room - std::min(room, one.taken), take_max,
                   config_.loads_in_flight_max - std::min(config_.loads_in_flight_max, loads_)});
  std::vector<lane_item> items;
  std::size_t messages = 0;
  while (true) {
    const auto head = one.head();
    const bool same_message =
        !items.empty() && head && head->key.message == items.back().at.key.message && items.size() < group_max;
    if (!same_message && messages >= room) break;
    auto item = one.take_due(now);
    if (!item) break;
    if (leased(item->at.key) && !planted(defect::recipient_leased_twice)) continue;
    if (!same_message) ++messages;
    lease(item->at.key);
    items.push_back(std::move(*item));
  }
  if (items.empty()) return false;
  const std::size_t parked = one.parked();
  const spool::due_entry first = items.front().at;
  one.taken += items.size();
  take_up(one, std::move(items));
  // Back at the head: there was no room after all, and asking again in this turn would never end.
  if (const auto head = one.head(); head && *head <= first) return false;
  // What was set aside used no slot: those behind it have their turn now, not at the next event.
  return (messages >= take_max || one.parked() > parked) && one.has_due(now);
}

// Groups by message; what is warm is decided now, the rest is read first.
void dispatcher::take_up(lane& one, std::vector<lane_item> items) {
  for (std::size_t from = 0; from < items.size();) {
    std::size_t to = from + 1;
    while (to < items.size() && items[to].at.key.message == items[from].at.key.message) ++to;
    const bool warm =
        std::all_of(items.begin() + static_cast<std::ptrdiff_t>(from), items.begin() + static_cast<std::ptrdiff_t>(to),
                    [](const lane_item& item) { return item.warm != nullptr; });
    if (warm) {
      const message_ptr message = items[from].warm->message;
      std::vector<spool::recipient_row> rows;
      for (std::size_t i = from; i < to; ++i) {
        rows.push_back(std::move(items[i].warm->row));
        items[i].warm.reset();
      }
      one.taken -= rows.size();
      begin(message, std::move(rows));
    } else {
      std::vector<spool::due_entry> entries;
      for (std::size_t i = from; i < to; ++i) entries.push_back(items[i].at);
      ++loads_;
      env_.read([this, id = one.row().id, entries = std::move(entries)]() mutable {
        const queue_id message = entries.front().key.message;
        loaded_event loaded{id, std::move(entries), env_.store.load_message(message), {}};
        for (const spool::due_entry& entry : loaded.entries)
          loaded.rows.push_back(env_.store.load_recipient(entry.key));
        mailbox_.push_always(dispatch_event{std::move(loaded)});
      });
    }
    from = to;
  }
}

void dispatcher::handle(loaded_event& event) {
  --loads_;
  lanes_dirty_ = true;
  lane& one = lanes_.at(event.lane);
  one.taken -= event.entries.size();
  if (!event.message) {
    // A corrupt or missing record: quarantined by the store, counted and logged there; it is never delivered.
    env_.log.error("message_unreadable", {{"queue_id", event.entries.front().key.message.to_string()},
                                          {"error", event.message.error().message()}});
    for (const spool::due_entry& entry : event.entries) put_back_unread(event.lane, entry, event.message.error());
    return;
  }
  std::vector<spool::recipient_row> rows;
  for (std::size_t i = 0; i < event.entries.size(); ++i) {
    const auto& row = event.rows[i];
    if (!row) {
      put_back_unread(event.lane, event.entries[i], row.error());
      continue;
    }
    // An entry whose row moved on in the meantime is stale: whoever moved it wrote the new entry.
    const bool is_stale = row->lane != event.lane || row->due != event.entries[i].due || is_final(row->state) ||
                          row->state == mail::recipient_state::held || row->intent;
    if (is_stale) {
      unlease(event.entries[i].key);
      continue;
    }
    rows.push_back(*row);
  }
  if (rows.empty()) return;
  auto message = make_delivery_message(std::move(event.message->message), event.message->content);
  if (!message) {
    env_.log.error("message_unreadable",
                   {{"queue_id", event.entries.front().key.message.to_string()}, {"error", message.error().message()}});
    for (const spool::recipient_row& row : rows) unlease(row.key);
    return;
  }
  begin(*message, std::move(rows));
}

// Nobody works on it any more; it is read again after a pause where that may help.
void dispatcher::put_back_unread(spool::lane_id lane, const spool::due_entry& entry, const error& failure) {
  unlease(entry.key);
  if (may_be_read_later(failure)) unread_.push_back({env_.time.steady() + reread_after, lane, entry});
}

void dispatcher::read_again(steady_point now) {
  while (!unread_.empty() && unread_.front().not_before <= now) {
    const unread_entry one = unread_.front();
    unread_.pop_front();
    if (leased(one.entry.key)) {
      // Whoever works on it writes another entry, and this one is found stale when it is read; or gives it up.
      unread_.push_back({now + reread_after, one.lane, one.entry});
    } else if (lanes_.knows(one.lane)) {
      lane& home = lanes_.at(one.lane);
      auto waiting = home.remove(one.entry);  // it may have been there all the time, perhaps set aside: not twice
      home.put(waiting ? std::move(*waiting) : lane_item{one.entry, nullptr});
    }
  }
}

void dispatcher::refill(lane& one) {
  one.refill_started();
  const spool::lane_id id = one.row().id;
  const std::size_t asked = one.refill_size();
  env_.read([this, id, from = one.cursor(), asked] {
    mailbox_.push_always(dispatch_event{refilled_event{id, asked, env_.store.scan_lane(id, from, asked)}});
  });
}

void dispatcher::handle(refilled_event& event) {
  lane& one = lanes_.at(event.lane);
  lanes_dirty_ = true;
  if (!event.entries) {
    one.refill_failed();
    one.refill_after = env_.time.steady() + reread_after;
    env_.log.error("lane_unreadable", {{"lane", event.lane}, {"error", event.entries.error().message()}});
    return;
  }
  one.refill(*event.entries, event.asked, [this](const spool::recipient_key& key) { return leased(key); });
}

// What waits in a lane, with what is in memory anyway, and, where a time of its own ends it, that time.
lane_item dispatcher::item_for(const message_ptr& message, const spool::recipient_row& row) {
  const time_point now = env_.time.now();
  lane_item item{{row.due, row.key}, nullptr};
  if (row.due <= now) keep_warm(item, message, row);
  if (!lanes_.at(row.lane).row().own_lifetime) return item;
  item.ends = message->row().expires;
  // A copy that may have arrived is not dropped: its destination decides.
  if (row.state == mail::recipient_state::unknown || !row.pinned_destination.empty()) return item;
  const std::size_t route = rules_->lane_of(facts_of(*message, row, now)).route;
  if (drops_at_deadline(route)) item.ends = std::min(*item.ends, message->starts() + *rules_->routes()[route].deadline);
  return item;
}

void dispatcher::keep_warm(lane_item& item, const message_ptr& message, const spool::recipient_row& row) {
  if (warm_bytes_ + message->bytes() > config_.warm_bytes_max) return;
  item.warm = std::make_shared<warm_entry>(message, row, warm_bytes_);
}

void dispatcher::housekeeping(steady_point now) {
  next_housekeeping_ = now + housekeeping_interval;
  put_off_left_ = put_off_max;
  for (const std::string& name : table_.advance()) {
    env_.run.probe(name, [this, name](adapters::probe_report report) {
      post([this, name, report] { table_.probe_finished(name, report); });
    });
  }
  for (const auto& [rule, count] : rules_->take_errors()) {
    env_.metrics.policy_errors(rule).add(count);
    env_.log.warning("policy_error", {{"rule", rule}, {"count", count}});
  }
  env_.metrics.failover_budget_remaining.set(budget_.remaining(now));
  const time_point wall = env_.time.now();
  double ready[2] = {0, 0};
  double oldest[2] = {0, 0};
  std::optional<time_point> next_due;
  std::optional<time_point> next_end;
  // What is settled in a lane may make new ones: first looked at, then done.
  std::vector<spool::lane_id> stopped;
  std::vector<spool::lane_id> own;
  bool is_long = false;
  read_again(now);
  if (recover_after_ && now >= *recover_after_) recover_intents();
  table_.clear_waits();
  lanes_.for_each([&](lane& one) {
    one.unpark();
    const std::size_t s = index_of(one.row().stream);
    if (one.has_due(wall)) ready[s] += static_cast<double>(one.size());
    is_long =
        is_long || (one.has_due(wall) && one.in_line > static_cast<std::int64_t>(config_.lane_window) && moves(one));
    if (const auto head = one.head()) {
      const double age = std::chrono::duration<double>(wall - head->key.message.accepted_at()).count();
      if (head->due <= wall) {
        oldest[s] = std::max(oldest[s], age);
        if (!one.row().candidates.empty()) table_.note_wait(one.row().candidates.front(), wall - head->due);
      }
      if (!next_due || head->due < *next_due) next_due = head->due;
    }
    if (now >= next_sweep_) stopped.push_back(one.row().id);
    if (!one.row().own_lifetime) return;
    own.push_back(one.row().id);
    if (const auto end = one.next_end(); end && (!next_end || *end < *next_end)) next_end = end;
  });
  long_line_.store(is_long, std::memory_order_relaxed);
  for (const spool::lane_id id : stopped) sweep_lane(lanes_.at(id), wall);
  for (const spool::lane_id id : own) settle_ended(lanes_.at(id), wall);
  if (now >= next_sweep_) {
    sweep_held();
    next_sweep_ = now + config_.lane_sweep;
  }
  if (now >= next_suppression_sweep_) {
    sweep_suppressions();
    next_suppression_sweep_ = now + suppression_sweep_interval;
  }
  for (std::size_t s = 0; s < 2; ++s) {
    env_.metrics.ready[s].set(ready[s]);
    env_.metrics.oldest_message_age_seconds[s].set(oldest[s]);
  }
  lanes_dirty_ = true;
  next_wakeup_ = now + (jobs_.empty() && leased_.empty() ? idle_interval : housekeeping_interval);
  if (next_due && *next_due > wall) next_wakeup_ = std::min(next_wakeup_, now + (*next_due - wall));
  if (next_end) {
    const steady_point then = now + std::max<duration>(housekeeping_interval, *next_end - wall);
    next_wakeup_ = std::min(next_wakeup_, then);
  }
  if (const auto event = table_.next_event()) next_wakeup_ = std::min(next_wakeup_, std::max(*event, now));
  next_housekeeping_ = std::min(next_housekeeping_, next_wakeup_);
}

bool dispatcher::moves(const lane& one) const {
  return std::any_of(one.row().candidates.begin(), one.row().candidates.end(),
                     [&](const auto& name) { return table_.available(name, one.row().stream); });
}

// A stopped lane is not pulled; what reached the end of its lifetime there expires all the same.
void dispatcher::sweep_lane(lane& one, time_point now) {
  if (one.row().own_lifetime || moves(one)) return;
  const duration lifetime = rules_->config().retry.at(one.row().stream).lifetime;
  take_out(one, one.old_entries(now - lifetime, sweep_max));
}

// Where each message ends at a time of its own it ends then, whether its lane moves or not. What was read from the
// store has to be looked at once before its time is known: in a lane that moves its turn will come.
void dispatcher::settle_ended(lane& one, time_point now) {
  if (!starting_) return;
  const std::size_t room = config_.loads_in_flight_max - std::min(config_.loads_in_flight_max, loads_);
  take_out(one, one.ended(now, room, room_of(one) > 0 ? lane::not_known::skip : lane::not_known::include));
}

void dispatcher::take_out(lane& one, const std::vector<spool::due_entry>& entries) {
  std::vector<lane_item> items;
  for (const spool::due_entry& entry : entries) {
    if (leased(entry.key)) continue;
    auto item = one.remove(entry);
    lease(entry.key);
    items.push_back(item ? std::move(*item) : lane_item{entry, nullptr});
  }
  if (items.empty()) return;
  // Recipients of one message together, whenever each was due: what ends here shares a notice.
  std::stable_sort(items.begin(), items.end(),
                   [](const lane_item& a, const lane_item& b) { return a.at.key.message < b.at.key.message; });
  one.taken += items.size();
  take_up(one, std::move(items));
}

// Held mail has no due time; what outlived its lifetime expires. One page a time, on a reader thread; where nothing is
// held the queue is not walked.
void dispatcher::sweep_held() {
  using mail::recipient_state;
  const bool any = std::any_of(std::begin(mail::all_traffic_streams), std::end(mail::all_traffic_streams),
                               [this](auto stream) { return env_.store.count(stream, recipient_state::held) > 0; });
  if (!any || std::exchange(sweeping_held_, true)) return;
  env_.read([this, now = env_.time.now(), after = held_seen_] {
    spool::message_filter filter;
    filter.state = recipient_state::held;
    filter.limit = sweep_max;
    filter.after = after;
    auto listed = env_.store.list(filter);
    std::optional<queue_id> next;  // the last one seen; none: the walk begins anew
    if (listed) next = expire_some(*listed, now);
    const bool is_whole = !listed || listed->size() < sweep_max;
    if (is_whole && listed && !listed->empty() && next == listed->back().message.id) next.reset();
    post([this, next] {
      held_seen_ = next;
      sweeping_held_ = false;
    });
  });
}

// On a reader thread. What its notices return of them is in memory at once: no more than a bound of it in one sweep.
std::optional<queue_id> dispatcher::expire_some(const std::vector<spool::listed_recipient>& listed, time_point now) {
  std::optional<queue_id> seen;
  std::uint64_t bytes = 0;
  for (std::size_t from = 0; from < listed.size();) {
    const spool::message_row& row = listed[from].message;
    std::vector<spool::recipient_key> keys;
    std::size_t to = from;
    for (; to < listed.size() && listed[to].message.id == row.id; ++to) keys.push_back(listed[to].recipient.key);
    from = to;
    if (now >= row.expires) {
      if (bytes > 0 && bytes + row.size > expired_bytes_max) break;
      bytes += row.size;
      expire_held(row.id, std::move(keys));
    }
    seen = row.id;
  }
  return seen;
}

void dispatcher::expire_held(const queue_id& id, std::vector<spool::recipient_key> keys) {
  auto loaded = env_.store.load_message(id);
  if (!loaded) return;
  auto message = make_delivery_message(loaded->message, loaded->content);
  if (!message) return;
  post([this, message = *message, keys = std::move(keys)] { expire_held(message, keys); });
}

void dispatcher::expire_held(const message_ptr& message, std::vector<spool::recipient_key> keys) {
  std::erase_if(keys, [this](const spool::recipient_key& key) { return leased(key); });
  for (const spool::recipient_key& key : keys) lease(key);
  if (keys.empty()) return;
  env_.read([this, message, keys = std::move(keys)] {
    std::vector<result<spool::recipient_row>> rows;
    for (const spool::recipient_key& key : keys) rows.push_back(env_.store.load_recipient(key));
    post([this, message, keys, rows = std::move(rows)] {
      std::vector<spool::recipient_row> held;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!rows[i]) {
          unlease(keys[i]);
        } else if (rows[i]->state != mail::recipient_state::held) {
          give_back(*rows[i]);
        } else {
          held.push_back(*rows[i]);
        }
      }
      if (!held.empty()) begin(message, std::move(held));
    });
  });
}

}  // namespace stellwerk::delivery
