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
  return extract(window_.begin());
}

void lane::insert(lane_item item) {
  if (const auto known = window_.find(item.at); known != window_.end()) (void)extract(known);
  if (row_.own_lifetime) ends_.emplace(item.ends.value_or(time_point{}), item.at);
  window_.emplace(item.at, waiting_entry{std::move(item.warm), item.ends});
  note_busy();
}

lane_item lane::extract(window::iterator at) {
  lane_item item{at->first, std::move(at->second.warm), at->second.ends};
  ends_.erase({item.ends.value_or(time_point{}), item.at});
  window_.erase(at);
  return item;
}

bool lane::put(lane_item item) {
  if (!complete_ && item.at > cursor_) {
    if (refilling_) note_late(item.at);
    return false;
  }
  if (item.at > cursor_) cursor_ = item.at;
  insert(std::move(item));
  if (window_.size() > window_max_) shrink();
  return true;
}

// The end of the window goes back to the store; the cursor follows it.
void lane::shrink() {
  const auto last = std::prev(window_.end());
  if (refilling_) note_late(last->first);
  (void)extract(last);
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
    insert(std::move(item));
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
    insert(std::move(parked_.front()));
    parked_.pop_front();
  }
  parked_since_unpark_ = 0;
  refill_failed_ = false;
}

std::optional<lane_item> lane::remove(const spool::due_entry& at) {
  if (const auto known = window_.find(at); known != window_.end()) return extract(known);
  const auto aside = std::find_if(parked_.begin(), parked_.end(), [&](const lane_item& item) { return item.at == at; });
  if (aside == parked_.end()) return std::nullopt;
  lane_item item = std::move(*aside);
  parked_.erase(aside);
  return item;
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
    if (!skip(entry.key) && !aside.contains(entry) && !window_.contains(entry)) insert({entry, nullptr});
  }
  if ((entries.size() < asked && !cut && !late_cut_) || planted(defect::lane_end_assumed)) complete_ = true;
  late_cut_.reset();
  for (const spool::due_entry& entry : std::exchange(late_, {})) {
    if (!skip(entry.key) && !window_.contains(entry)) (void)put({entry, nullptr});
  }
}

std::vector<spool::due_entry> lane::old_entries(time_point accepted_before, std::size_t most) const {
  std::vector<spool::due_entry> found;
  for (const auto& [entry, waiting] : window_) {
    if (found.size() >= most) break;
    if (entry.key.message.accepted_at() <= accepted_before) found.push_back(entry);
  }
  return found;
}

std::vector<spool::due_entry> lane::ended(time_point now, std::size_t most, not_known others) const {
  std::vector<spool::due_entry> found;
  for (const auto& [ends, entry] : ends_) {
    if (found.size() >= most || ends > now) break;
    if (others == not_known::include || ends != time_point{}) found.push_back(entry);
  }
  return found;
}

std::optional<time_point> lane::next_end() const {
  const auto first =
      std::find_if(ends_.begin(), ends_.end(), [](const auto& one) { return one.first != time_point{}; });
  return first == ends_.end() ? std::nullopt : std::optional{first->first};
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
  const std::size_t s = index_of(row.stream);
  by_key_.emplace(key_of(row), id);
  auto made = std::make_unique<lane>(std::move(row), window_max_, complete);
  made->turn = &turns_[s][made->row().tenant];
  made->busy_in = &busy_[s];
  if (!complete) made->note_busy();
  lanes_.emplace(id, std::move(made));
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

std::vector<spool::lane_id> lane_table::in_turn(mail::traffic_stream stream, time_point now) {
  const std::size_t s = index_of(stream);
  std::erase_if(busy_[s], [](lane* one) {
    const bool is_empty = one->window_empty() && one->complete();
    if (is_empty) one->is_noted_ = false;
    return is_empty;
  });
  struct asked {
    double served;
    std::uint64_t last_turn;
    spool::lane_id id;
    auto operator<=>(const asked&) const = default;
  };
  std::vector<asked> order;
  for (const lane* one : busy_[s]) {
    if (!one->has_due(now) && !one->wants_refill()) continue;
    order.push_back({std::max(one->turn->served, least_[s]), one->last_turn, one->row().id});
  }
  std::sort(order.begin(), order.end());
  std::vector<spool::lane_id> ids;
  ids.reserve(order.size());
  for (const asked& one : order) ids.push_back(one.id);
  return ids;
}

void lane_table::charge(spool::lane_id id, std::size_t recipients, std::uint64_t size) {
  constexpr double unit = 64 << 10;
  lane& one = at(id);
  double& least = least_[index_of(one.row().stream)];
  double& served = one.turn->served;
  served = std::max(served, least) + static_cast<double>(recipients) + static_cast<double>(size) / unit;
  least = std::max(least, served - credit_max);
  one.last_turn = ++turns_taken_;
}

}  // namespace stellwerk::delivery
