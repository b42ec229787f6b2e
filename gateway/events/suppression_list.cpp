#include "gateway/events/suppression_list.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include <xxhash.h>

#include "mail/address_key.hpp"

namespace stellwerk::events {
namespace {

using spool::suppression_scope;

constexpr std::size_t slots_min = 64;
constexpr std::size_t page_rows = 10'000;

// Never earlier than it is said, and never "never".
std::uint32_t to_seconds(time_point expires) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(expires).time_since_epoch().count();
  using limit = std::numeric_limits<std::uint32_t>;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 1, limit::max()));
}

suppression_scope scope_of(mail::traffic_stream stream) {
  return stream == mail::traffic_stream::marketing ? suppression_scope::marketing : suppression_scope::transactional;
}

bool has_expired(std::uint32_t expires, time_point now) {
  return expires != 0 && time_point{std::chrono::seconds{expires}} <= now;
}

}  // namespace

suppression_list::entry suppression_list::key_of(std::string_view text) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), seed_);
  entry out;
  out.high = hash.high64;
  out.low = hash.low64;
  out.used = true;
  return out;
}

suppression_list::entry suppression_list::entry_of(const spool::suppression_row& row) const {
  entry out = key_of(suppression_key(row));
  out.reason = row.reason;
  if (row.expires) out.expires = to_seconds(*row.expires);
  return out;
}

std::size_t suppression_list::place_of(const entry& wanted) const {
  const std::size_t mask = table_.size() - 1;
  std::size_t at = static_cast<std::size_t>(wanted.low) & mask;
  while (table_[at].used && (table_[at].low != wanted.low || table_[at].high != wanted.high)) at = (at + 1) & mask;
  return at;
}

const suppression_list::entry* suppression_list::look_up(std::string_view text) const {
  if (table_.empty()) return nullptr;
  const entry& found = table_[place_of(key_of(text))];
  return found.used ? &found : nullptr;
}

bool suppression_list::put(const spool::suppression_row& row) {
  if (table_.size() * 3 <= (size_ + 1) * 4) grow();
  const entry made = entry_of(row);
  entry& place = table_[place_of(made)];
  const bool is_new = !place.used;
  expiring_ -= place.expires != 0 ? 1 : 0;
  expiring_ += made.expires != 0 ? 1 : 0;
  place = made;
  size_ += is_new ? 1 : 0;
  count_of(row) += is_new ? 1 : 0;
  return is_new;
}

bool suppression_list::remove(const spool::suppression_row& row) {
  if (table_.empty()) return false;
  const std::size_t mask = table_.size() - 1;
  std::size_t hole = place_of(key_of(suppression_key(row)));
  if (!table_[hole].used) return false;
  expiring_ -= table_[hole].expires != 0 ? 1 : 0;
  // What was pushed past the hole moves back, so that a search never meets a gap in its way.
  for (std::size_t at = (hole + 1) & mask; table_[at].used; at = (at + 1) & mask) {
    const std::size_t home = static_cast<std::size_t>(table_[at].low) & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    table_[hole] = table_[at];
    hole = at;
  }
  table_[hole] = entry{};
  --size_;
  --count_of(row);
  return true;
}

bool suppression_list::holds(const spool::suppression_row& row, time_point now) const {
  const entry* known = look_up(suppression_key(row));
  return known != nullptr && !has_expired(known->expires, now);
}

std::optional<spool::suppression_reason> suppression_list::find(std::string_view tenant, std::string_view recipient,
                                                                mail::traffic_stream stream, time_point now) const {
  if (size_ == 0) return std::nullopt;
  const std::string address = mail::address_key(recipient);
  for (std::size_t whose = 0; whose < counts_.size(); ++whose) {
    if (whose == 0 && tenant.empty()) continue;
    for (const suppression_scope scope : {suppression_scope::all, scope_of(stream)}) {
      if (counts_[whose][static_cast<std::size_t>(scope)] == 0) continue;
      const entry* known = look_up(spool::suppression_key(whose == 0 ? tenant : std::string_view{}, address, scope));
      if (known != nullptr && !has_expired(known->expires, now)) return known->reason;
    }
  }
  return std::nullopt;
}

void suppression_list::grow() {
  std::vector<entry> old(std::max(slots_min, table_.size() * 2));
  table_.swap(old);
  for (const entry& one : old) {
    if (one.used) table_[place_of(one)] = one;
  }
}

result<void> each_suppression(spool::store& store, const std::function<void(spool::suppression_row row)>& visit) {
  spool::suppression_filter filter;
  filter.limit = page_rows;
  for (;;) {
    auto rows = store.list_suppressions(filter);
    if (!rows) return rows.error();
    const bool is_last = rows->size() < page_rows;
    if (!is_last) filter.after = suppression_key(rows->back());
    for (spool::suppression_row& row : *rows) visit(std::move(row));
    if (is_last) return {};
  }
}

result<suppression_list> load_suppressions(spool::store& store, std::uint64_t seed) {
  suppression_list list{seed};
  const auto read = each_suppression(store, [&list](const spool::suppression_row& row) { list.put(row); });
  if (!read) return read.error();
  return list;
}

}  // namespace stellwerk::events
