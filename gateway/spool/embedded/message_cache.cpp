#include "gateway/spool/embedded/message_cache.hpp"

#include <utility>

namespace stellwerk::spool::embedded {
namespace {

using mail::recipient_state;

open_recipient damaged_recipient(std::uint32_t index) {
  open_recipient out;
  out.index = index;
  out.is_damaged = true;
  return out;
}

}  // namespace

bool has_due_entry(recipient_state state, bool has_intent) {
  switch (state) {
    case recipient_state::scheduled:
    case recipient_state::ready:
    case recipient_state::deferred:
    case recipient_state::unknown: return true;
    // Without an intent nothing but the due entry would bring it back after a restart.
    case recipient_state::attempting: return !has_intent;
    case recipient_state::held:
    case recipient_state::delivered:
    case recipient_state::bounced:
    case recipient_state::expired:
    case recipient_state::refused:
    case recipient_state::suppressed:
    case recipient_state::cancelled:
    case recipient_state::discarded:
    case recipient_state::dead_lettered: return false;
  }
  return false;
}

open_recipient open_recipient_of(const recipient_row& row) {
  open_recipient out;
  out.index = row.key.index;
  out.state = row.state;
  out.has_intent = row.intent.has_value();
  out.lane = row.lane;
  out.due = row.due;
  return out;
}

result<cached_message*> message_cache::find(const queue_id& id) {
  const auto known = entries_.find(id);
  if (known != entries_.end()) {
    ages_.splice(ages_.end(), ages_, known->second.age);
    return &known->second.message;
  }
  auto loaded = load(id);
  if (!loaded) return loaded.error();
  if (!*loaded) return static_cast<cached_message*>(nullptr);
  if ((*loaded)->is_finished) note_finished(id);
  return &insert(std::move(**loaded));
}

cached_message& message_cache::insert(cached_message message) {
  const queue_id id = message.row.id;
  const auto known = entries_.find(id);
  if (known != entries_.end()) {
    known->second.message = std::move(message);
    return known->second.message;
  }
  const auto age = ages_.insert(ages_.end(), id);
  return entries_.emplace(id, entry{std::move(message), age}).first->second.message;
}

void message_cache::move_body(const queue_id& id, const body_place& place) {
  const auto known = entries_.find(id);
  if (known != entries_.end()) known->second.message.place = place;
}

void message_cache::end_round() {
  for (const queue_id& id : finished_) {
    const auto known = entries_.find(id);
    if (known == entries_.end() || !known->second.message.is_finished) continue;
    ages_.erase(known->second.age);
    entries_.erase(known);
  }
  finished_.clear();
  ++round_;
  while (entries_.size() > recipients_max_) {
    entries_.erase(ages_.front());
    ages_.pop_front();
  }
}

void message_cache::clear() {
  entries_.clear();
  ages_.clear();
  finished_.clear();
  ++round_;
}

result<std::optional<cached_message>> message_cache::load(const queue_id& id) const {
  cached_message message;
  message.row.id = id;
  const auto is_there = load_row(id, message);
  if (!is_there) return is_there.error();
  if (!*is_there) return std::optional<cached_message>{};
  if (message.is_finished) return std::optional{std::move(message)};
  const auto body = db_.get(family::body, id.view());
  if (body && *body) {
    const auto stored = decode_body(**body);
    if (stored) message.place = stored->place;
  } else if (!body && !body.error().is(errc::corrupt)) {
    return body.error();
  }
  if (auto open = load_open(message); !open) return open.error();
  return std::optional{std::move(message)};
}

result<bool> message_cache::load_row(const queue_id& id, cached_message& into) const {
  for (const family which : {family::message, family::history_message}) {
    const auto value = db_.get(which, id.view());
    if (!value && !value.error().is(errc::corrupt)) return value.error();
    if (value && !*value) continue;
    into.is_finished = which == family::history_message;
    auto stored = value ? decode_message(id, **value) : std::nullopt;
    if (stored) {
      into.row = std::move(stored->row);
    } else {
      // Its recipients must still be able to end.
      into.is_damaged = true;
      into.is_stream_known = false;
    }
    return true;
  }
  return false;
}

result<void> message_cache::load_open(cached_message& into) const {
  const std::string from{into.row.id.view()};
  for (auto at = db_.walk(family::recipient, from, after_prefix(from), walk_scope::within_prefix);; at.next()) {
    if (!at.valid()) return at.status();
    const auto key = parse_recipient_key(at.key());
    if (!key) continue;
    const auto value = at.value();
    const auto stored = value ? decode_recipient(*key, *value) : std::nullopt;
    into.open.push_back(stored ? open_recipient_of(stored->row) : damaged_recipient(key->index));
    if (into.is_damaged && stored) {
      into.row.stream = stored->stream;
      into.is_stream_known = true;
    }
  }
}

}  // namespace stellwerk::spool::embedded
