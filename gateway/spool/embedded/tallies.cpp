#include "gateway/spool/embedded/tallies.hpp"

#include <utility>

#include "gateway/spool/embedded/encoding.hpp"
#include "gateway/spool/embedded/row_codec.hpp"

namespace stellwerk::spool::embedded {
namespace {

template <class Key>
std::uint64_t after_change(const std::map<Key, std::uint64_t, std::less<>>& counts, const Key& key, std::int64_t by) {
  const auto known = counts.find(key);
  const std::uint64_t before = known == counts.end() ? 0 : known->second;
  // Below zero would be a count that a repair lost; it must not wrap.
  return by < 0 && before < static_cast<std::uint64_t>(-by) ? 0 : before + static_cast<std::uint64_t>(by);
}

void put_count(state_batch& batch, const std::string& key, std::uint64_t count) {
  count == 0 ? batch.erase(family::meta, key) : batch.put(family::meta, key, encode_count(count));
}

template <class Counts, class Key>
void set_count(Counts& counts, const Key& key, std::uint64_t count) {
  if (count == 0) {
    counts.erase(key);
  } else {
    counts[key] = count;
  }
}

// Hands over each row whose key begins with `prefix`: the rest of the key and the value. False stops: it is no row.
template <class Take>
result<void> read_rows(const state_db& db, std::string_view prefix, Take take) {
  for (auto at = db.walk(family::meta, prefix, after_prefix(prefix));; at.next()) {
    if (!at.valid()) return at.status();
    const auto value = at.value();
    if (!value || !take(at.key().substr(prefix.size()), *value)) return error{errc::corrupt, "spool.tallies"};
  }
}

}  // namespace

void tally_changes::add(lane_id lane, mail::recipient_state state, std::string_view pinned, std::int64_t by) {
  if (stands_in_line(state)) in_line_[lane] += by;
  if (pinned.empty()) return;
  const auto known = tied_.find(pinned);
  known == tied_.end() ? void(tied_.emplace(pinned, by)) : void(known->second += by);
}

void tally_changes::add(const usage_row& row) {
  usage_row& known = usage_[row.name];
  if (known.name.empty() || row.stamp > known.stamp) known = row;
}

result<tallies> tallies::read(const state_db& db) {
  tallies out;
  const auto lanes = read_rows(db, in_line_prefix, [&](std::string_view key, std::string_view value) {
    const auto count = decode_count(value);
    if (key.size() == 4 && count) out.in_line_[read_be32(key)] = *count;
    return key.size() == 4 && count.has_value();
  });
  if (!lanes) return lanes.error();
  const auto tied = read_rows(db, tied_prefix, [&](std::string_view key, std::string_view value) {
    const auto count = decode_count(value);
    if (count) out.tied_[std::string{key}] = *count;
    return count.has_value();
  });
  if (!tied) return tied.error();
  const auto used = read_rows(db, usage_prefix, [&](std::string_view key, std::string_view value) {
    auto row = decode_usage(std::string{key}, value);
    if (row) out.usage_[row->name] = *row;
    return row.has_value();
  });
  if (!used) return used.error();
  return out;
}

bool tallies::is_news(const usage_row& row) const {
  const auto known = usage_.find(row.name);
  return known == usage_.end() || row.stamp > known->second.stamp;
}

void tallies::put(state_batch& batch, const tally_changes& changes) const {
  for (const auto& [lane, by] : changes.in_line_) {
    if (by != 0) put_count(batch, std::string{in_line_prefix} + be32_key(lane), after_change(in_line_, lane, by));
  }
  for (const auto& [name, by] : changes.tied_) {
    if (by != 0) put_count(batch, std::string{tied_prefix} + name, after_change(tied_, name, by));
  }
  for (const auto& [name, row] : changes.usage_) {
    if (is_news(row)) batch.put(family::meta, std::string{usage_prefix} + name, encode(row));
  }
}

void tallies::apply(const tally_changes& changes) {
  for (const auto& [lane, by] : changes.in_line_) set_count(in_line_, lane, after_change(in_line_, lane, by));
  for (const auto& [name, by] : changes.tied_) set_count(tied_, name, after_change(tied_, name, by));
  for (const auto& [name, row] : changes.usage_) {
    if (is_news(row)) usage_.insert_or_assign(name, row);
  }
}

std::uint64_t tallies::in_line(lane_id lane) const {
  const auto known = in_line_.find(lane);
  return known == in_line_.end() ? 0 : known->second;
}

std::uint64_t tallies::tied_to(std::string_view destination) const {
  const auto known = tied_.find(destination);
  return known == tied_.end() ? 0 : known->second;
}

std::vector<usage_row> tallies::usage() const {
  std::vector<usage_row> out;
  for (const auto& [name, row] : usage_) out.push_back(row);
  return out;
}

}  // namespace stellwerk::spool::embedded
