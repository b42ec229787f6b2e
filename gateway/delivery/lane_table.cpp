#include "gateway/delivery/lane_table.hpp"

#include <algorithm>
#include <utility>

#include "base/planted_defect.hpp"
#include "gateway/delivery/delivery_metrics.hpp"

namespace stellwerk::delivery {

lane::lane(spool::lane_row row, std::size_t window_max, bool complete)
    : row_{std::move(row)}, window_max_{window_max}, complete_{complete} {}

std::optional<time_point> lane::next_due() const {
  if (window_.empty()) return std::nullopt;
  return window_.begin()->first.due;
}

std::optional<spool::due_entry> lane::head() const {
  if (window_.empty()) return std::nullopt;
  return window_.begin()->first;
}

std::optional<lane_item> lane::take_due(time_point now) {
  if (!has_due(now)) return std::nullopt;
  auto node = window_.extract(window_.begin());
  return lane_item{node.key(), std::move(node.mapped())};
}

bool lane::put(lane_item item) {
  if (!complete_ && item.at > cursor_) {
    if (refilling_) note_late(item.at);
    return false;
  }
  if (item.at > cursor_) cursor_ = item.at;
  window_.insert_or_assign(item.at, std::move(item.warm));
  if (window_.size() > window_max_) shrink();
  return true;
}

// The end of the window goes back to the store; the cursor follows it.
void lane::shrink() {
  const auto last = std::prev(window_.end());
  if (refilling_) note_late(last->first);
  window_.erase(last);
  // What was set aside and is back may lie behind the cursor: it does not take it along.
  cursor_ = std::min(cursor_, std::prev(window_.end())->first);
  complete_ = false;
}

void lane::note_late(const spool::due_entry& at) {
  late_.insert(at);
  if (late_.size() <= window_max_) return;
  const auto last = std::prev(late_.end());
  if (!late_cut_ || *last < *late_cut_) late_cut_ = *last;
  late_.erase(last);
}

bool lane::park(lane_item item) {
  if (parked_.size() >= window_max_) {
    window_.insert_or_assign(item.at, std::move(item.warm));
    return false;
  }
  parked_.push_back(std::move(item));
  ++parked_since_unpark_;
  return true;
}

void lane::unpark() {
  constexpr std::size_t few = 64;
  const std::size_t back = parked_since_unpark_ == 0 ? parked_.size() : std::min(few, parked_.size());
  for (std::size_t i = 0; i < back; ++i) {
    window_.insert_or_assign(parked_.front().at, std::move(parked_.front().warm));
    parked_.pop_front();
  }
  parked_since_unpark_ = 0;
  refill_failed_ = false;
}

void lane::remove(const spool::due_entry& at) {
  if (window_.erase(at) > 0) return;
  const auto aside = std::find_if(parked_.begin(), parked_.end(), [&](const lane_item& item) { return item.at == at; });
  if (aside != parked_.end()) parked_.erase(aside);
}

void lane::refill_failed() {
  refilling_ = false;
  refill_failed_ = true;
  late_.clear();
  late_cut_.reset();
}

void lane::refill(const std::vector<spool::due_entry>& entries, std::size_t asked,
                  const std::function<bool(const spool::recipient_key&)>& skip) {
  refilling_ = false;
  std::set<spool::due_entry> aside;  // set aside behind a cursor that moved back: they are here already
  for (const lane_item& item : parked_) {
    if (item.at > cursor_) aside.insert(item.at);
  }
  bool cut = false;
  for (const spool::due_entry& entry : entries) {
    if (entry <= cursor_) continue;
    cut = late_cut_ && entry >= *late_cut_;
    if (cut) break;
    cursor_ = entry;
    if (!skip(entry.key) && !aside.contains(entry)) window_.try_emplace(entry);
  }
  if ((entries.size() < asked && !cut && !late_cut_) || planted(defect::lane_end_assumed)) complete_ = true;
  late_cut_.reset();
  for (const spool::due_entry& entry : std::exchange(late_, {})) {
    if (!skip(entry.key) && !window_.contains(entry)) (void)put({entry, nullptr});
  }
}

std::vector<spool::due_entry> lane::old_heads(time_point accepted_before, std::size_t most) const {
  std::vector<spool::due_entry> found;
  std::size_t looked = 0;
  for (const auto& [entry, warm] : window_) {
    if (++looked > most || found.size() >= most) break;
    if (row_.own_lifetime || entry.key.message.accepted_at() <= accepted_before) found.push_back(entry);
  }
  return found;
}

std::string lane_table::key_of(const spool::lane_row& row) {
  std::string key{to_string(row.stream)};
  key += '\n';
  key += row.tenant;
  key += row.own_lifetime ? "\n!" : "\n";
  for (const std::string& name : row.candidates) {
    key += '\n';
    key += name;
  }
  return key;
}

void lane_table::add(spool::lane_row row, bool complete) {
  const spool::lane_id id = row.id;
  order_[index_of(row.stream)].push_back(id);
  by_key_.emplace(key_of(row), id);
  lanes_.emplace(id, std::make_unique<lane>(std::move(row), window_max_, complete));
  next_id_ = std::max(next_id_, id + 1);
}

void lane_table::restore(std::vector<spool::lane_row> rows) {
  for (spool::lane_row& row : rows) {
    const spool::lane_id id = row.id;
    add(std::move(row), false);
    lanes_[id]->mark_stored();
  }
}

lane_table::interned lane_table::intern(mail::traffic_stream stream, std::string_view tenant,
                                        const std::vector<std::string>& candidates, bool own_lifetime) {
  spool::lane_row row{0, stream, std::string{tenant}, candidates, own_lifetime};
  if (const auto known = by_key_.find(key_of(row)); known != by_key_.end()) {
    row.id = known->second;
    const spool::lane_id id = row.id;
    return {id, lanes_[id]->stored() ? std::nullopt : std::optional{std::move(row)}};
  }
  row.id = next_id_;
  add(row, true);
  const spool::lane_id id = row.id;
  return {id, std::move(row)};
}

std::vector<spool::lane_id> lane_table::rotation(mail::traffic_stream stream) {
  const std::size_t s = index_of(stream);
  std::vector<spool::lane_id> order = order_[s];
  if (order.empty()) return order;
  turn_[s] = (turn_[s] + 1) % order.size();
  std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(turn_[s]), order.end());
  return order;
}

}  // namespace stellwerk::delivery
