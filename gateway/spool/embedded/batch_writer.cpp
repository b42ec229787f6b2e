#include "gateway/spool/embedded/batch_writer.hpp"

#include <algorithm>
#include <utility>

#include "base/planted_defect.hpp"
#include "gateway/spool/made_message.hpp"

namespace stellwerk::spool::embedded {
namespace {

open_recipient* find_open(cached_message& message, std::uint32_t index) {
  const auto at =
      std::lower_bound(message.open.begin(), message.open.end(), index,
                       [](const open_recipient& open, std::uint32_t wanted) { return open.index < wanted; });
  return at != message.open.end() && at->index == index ? &*at : nullptr;
}

std::pair<std::uint8_t, std::uint8_t> count_key(mail::traffic_stream stream, mail::recipient_state state) {
  return {static_cast<std::uint8_t>(stream), static_cast<std::uint8_t>(state)};
}

std::vector<std::uint64_t> hashes_of(const std::vector<recipient_row>& rows) {
  std::vector<std::uint64_t> out;
  out.reserve(rows.size());
  for (const recipient_row& row : rows) out.push_back(hash_of_address(row.address));
  return out;
}

}  // namespace

void count_changes::add(mail::traffic_stream stream, mail::recipient_state state, std::int64_t by) {
  changes_[count_key(stream, state)] += by;
}

batch_writer::batch_writer(const batch_context& context)
    : context_{context}, batch_{context.db}, ledger_sequence_{context.totals.ledger_sequence} {}

void batch_writer::add_lane(const lane_row& lane) { batch_.put(family::lane, be32_key(lane.id), encode(lane)); }

result<accept_result> batch_writer::accept(accept_request request) {
  if (!request.idempotency) return store_message(std::move(request));
  const idempotency_claim& claim = *request.idempotency;
  const idempotency_hash hash = hash_of_claim(claim.tenant, claim.key, context_.hash_seed);
  auto known = find_claim(hash);
  if (!known) return known.error();
  if (*known) {
    if ((*known)->fingerprint != claim.fingerprint) return error{errc::fingerprint_differs, "spool.accept"};
    if (claim.merge_recipients && (*known)->merged) return merge(hash, std::move(**known), std::move(request));
    return repeat(**known, std::move(request));
  }
  idempotency_row row;
  row.id = request.message.id;
  row.fingerprint = claim.fingerprint;
  row.expires = context_.now + context_.idempotency_retention;
  row.merged = claim.merge_recipients;
  if (row.merged) row.address_hashes = hashes_of(request.recipients);
  batch_.put_mark(family::idempotency_expiry, expiry_key_of(row.expires, hash));
  put_claim(hash, std::move(row));
  return store_message(std::move(request));
}

result<std::optional<idempotency_row>> batch_writer::find_claim(const idempotency_hash& hash) const {
  const auto in_batch = claims_.find(hash);
  if (in_batch != claims_.end() && !planted(defect::key_checked_then_stored)) return std::optional{in_batch->second};
  const auto value = context_.db.get(family::idempotency, view_of(hash));
  if (!value) {
    // A key that cannot be read is a key that is not known: a possible duplicate is better than a refusal for days.
    if (value.error().is(errc::corrupt)) return std::optional<idempotency_row>{};
    return value.error();
  }
  return *value ? decode_idempotency(**value) : std::nullopt;
}

void batch_writer::put_claim(const idempotency_hash& hash, idempotency_row row) {
  batch_.put(family::idempotency, view_of(hash), encode(row));
  claims_.insert_or_assign(hash, std::move(row));
}

accept_result batch_writer::store_message(accept_request&& request) {
  const queue_id id = request.message.id;
  cached_message made;
  made.row = std::move(request.message);
  made.row.recipients = static_cast<std::uint32_t>(request.recipients.size());
  cached_message& message = context_.cache.insert(std::move(made));
  std::uint32_t index = 0;
  for (recipient_row& row : request.recipients) {
    row.key = {id, index++};
    put_new_recipient(message, row);
  }
  if (message.open.empty()) {
    finish_message(message);
  } else {
    put_body(message, request.content);
    batch_.put(family::message, id.view(), encode(message.row, {}));
  }
  put_ledger(request.ledger);
  put_usage(request.usage);
  for (accept_request& one : request.made) (void)store_message(std::move(one));
  return {id, false, std::move(request.recipients)};
}

result<accept_result> batch_writer::merge(const idempotency_hash& hash, idempotency_row known,
                                          accept_request&& request) {
  std::vector<recipient_row> added;
  std::vector<bool> is_added;
  for (recipient_row& row : request.recipients) {
    const std::uint64_t address = hash_of_address(row.address);
    const auto& hashes = known.address_hashes;
    const bool is_known = std::find(hashes.begin(), hashes.end(), address) != hashes.end();
    is_added.push_back(!is_known || planted(defect::merge_repeats_recipients));
    if (!is_added.back()) continue;
    known.address_hashes.push_back(address);
    added.push_back(std::move(row));
  }
  if (added.empty()) return repeat(known, std::move(request));

  const auto found = context_.cache.find(known.id);
  if (!found) return found.error();
  cached_message* message = *found;
  const bool is_gone = message == nullptr;  // even its history
  const damage lost = is_gone ? damage{} : damage_of(*message);
  std::vector<waiting_recipient> restored;
  if (lost.any()) restored = waiting_of(*message);  // before the new ones
  if (is_gone) {
    cached_message made;
    made.row.id = known.id;
    made.row.stream = request.message.stream;
    message = &context_.cache.insert(std::move(made));
  }
  if (is_gone || message->is_damaged)
    replace_row(*message, std::move(request.message), known.address_hashes.size() - added.size());
  // The body was released with the last recipient, also where damage hides that it was the last, or it is damaged
  // itself; the new ones bring it again.
  const bool has_no_body = is_gone || lost.body || message->is_finished || message->open.empty();
  if (has_no_body) {
    message->is_finished = false;
    batch_.erase(family::history_message, known.id.view());
  }
  for (recipient_row& row : added) {
    row.key = {known.id, message->row.recipients++};
    put_new_recipient(*message, row);
  }
  if (message->open.empty()) {
    finish_message(*message);
  } else {
    if (has_no_body) put_body(*message, request.content);
    batch_.put(family::message, known.id.view(), encode(message->row, {}));
    if (lost.row) context_.cache.note_written(*message);
  }
  put_ledger(request.ledger);
  put_usage(request.usage);
  for (accept_request& one : request.made) {
    if (narrow(one, is_added)) (void)store_message(std::move(one));
  }
  const queue_id id = known.id;
  put_claim(hash, std::move(known));
  return accept_result{id, false, std::move(added), lost.any(), std::move(restored)};
}

// A repetition is acknowledged for what the first one left here, which may never have been acknowledged itself. Where
// that has been damaged since, this one brings it again.
accept_result batch_writer::repeat(const idempotency_row& known, accept_request&& request) {
  accept_result answer{known.id, true, {}, false, {}};
  const auto found = context_.cache.find(known.id);
  // What cannot be read for the moment is not lost.
  if (!found || *found == nullptr) return answer;
  cached_message& message = **found;
  const damage lost = damage_of(message);
  if (!lost.any()) return answer;
  if (message.is_damaged) {
    replace_row(message, std::move(request.message),
                known.merged ? known.address_hashes.size() : request.recipients.size());
  }
  if (lost.row) {
    batch_.put(family::message, known.id.view(), encode(message.row, {}));
    context_.cache.note_written(message);
  }
  if (lost.body) put_body(message, request.content);
  answer.brought_again = true;
  answer.restored = waiting_of(message);
  return answer;
}

// The disk is asked, whatever is in the cache: damage does not wait until a message has left it.
batch_writer::damage batch_writer::damage_of(const cached_message& message) const {
  if (message.is_finished || message.open.empty() || !context_.cache.is_on_disk(message)) return {};
  // What cannot be read for the moment is not lost.
  const auto is_lost = [](const result<void>& read) {
    return !read && (read.error().is(errc::corrupt) || read.error().is(errc::not_found));
  };
  return {message.is_damaged || is_lost(read_row(message)), is_lost(read_body(message))};
}

// As a delivery would.
result<void> batch_writer::read_row(const cached_message& message) const {
  const auto value = context_.db.get(family::message, message.row.id.view());
  if (!value) return value.error();
  if (!*value || !decode_message(message.row.id, **value)) return error{errc::corrupt, "spool.read_row"};
  return {};
}

result<void> batch_writer::read_body(const cached_message& message) const {
  const auto value = context_.db.get(family::body, message.row.id.view());
  if (!value) return value.error();
  const auto stored = *value ? decode_body(**value) : std::nullopt;
  if (!stored) return error{errc::corrupt, "spool.read_body"};
  if (!stored->place) return {};
  const auto content = context_.segments.read(message.row.id, *stored->place);
  return content ? result<void>{} : content.error();
}

// Of a damaged row the stream alone may be known, from the recipients that are counted under it.
void batch_writer::replace_row(cached_message& message, message_row row, std::size_t recipients) const {
  row.id = message.row.id;
  if (message.is_stream_known) row.stream = message.row.stream;
  row.recipients = static_cast<std::uint32_t>(recipients);
  message.row = std::move(row);
  message.is_damaged = false;
  message.is_stream_known = true;
}

std::vector<waiting_recipient> batch_writer::waiting_of(const cached_message& message) {
  std::vector<waiting_recipient> out;
  for (const open_recipient& one : message.open) {
    const bool waits = !one.is_damaged && (one.has_intent || has_due_entry(one.state, one.has_intent));
    if (waits) out.push_back({one.lane, {one.due, {message.row.id, one.index}}, one.has_intent});
  }
  return out;
}

bool batch_writer::is_inline(const cached_message& message, const mail::content_ptr& content) const {
  if (!content) return true;
  if (content->size() > context_.inline_body_max) return false;
  // As the lane stood before this batch: a batch is small against the line that counts here.
  return std::none_of(message.open.begin(), message.open.end(), [this](const open_recipient& one) {
    return context_.tally.in_line(one.lane) > context_.inline_line_max;
  });
}

void batch_writer::put_body(cached_message& message, const mail::content_ptr& content) {
  const std::string_view id = message.row.id.view();
  context_.cache.note_written(message);
  if (message.place) context_.segments.release(*message.place);
  if (is_inline(message, content)) {
    message.place.reset();
    batch_.put(family::body, id, encode_inline_body(content ? std::string_view{*content} : std::string_view{}));
  } else {
    message.place = context_.segments.reserve(message.row.id, content);
    batch_.put(family::body, id, encode(*message.place));
  }
}

void batch_writer::put_new_recipient(cached_message& message, const recipient_row& row) {
  const mail::traffic_stream stream = message.row.stream;
  counts_.add(stream, row.state, 1);
  if (mail::is_final(row.state)) {
    batch_.put(family::history_recipient, key_of(row.key), encode(compact_for_history(row), stream));
    return;
  }
  tallied_.add(row.lane, row.state, row.pinned_destination, 1);
  batch_.put(family::recipient, key_of(row.key), encode(row, stream));
  message.open.push_back(open_recipient_of(row));
  put_indexes(row.key, message.open.back());
}

void batch_writer::put_ledger(const std::vector<ledger_row>& rows) {
  for (const ledger_row& row : rows) batch_.put(family::ledger, be64_key(++ledger_sequence_), encode(row));
  has_ledger_rows_ = has_ledger_rows_ || !rows.empty();
}

void batch_writer::put_suppressions(const std::vector<suppression_change>& changes) {
  for (const suppression_change& one : changes) {
    const std::string key = suppression_key(one.row);
    one.is_removal ? batch_.erase(family::suppression, key) : batch_.put(family::suppression, key, encode(one.row));
  }
}

void batch_writer::put_usage(const std::vector<usage_row>& rows) {
  for (const usage_row& row : rows) tallied_.add(row);
}

result<void> batch_writer::settle(const settle_request& request) {
  for (const recipient_change& change : request.changes) {
    if (auto checked = check_change(change); !checked) return checked.error();
  }
  for (const recipient_change& change : request.changes) {
    if (auto applied = apply_change(change); !applied) return applied.error();
  }
  put_ledger(request.ledger);
  put_usage(request.usage);
  put_suppressions(request.suppressions);
  for (const accept_request& made : request.accepts) {
    if (auto stored = accept(made); !stored) return stored.error();
  }
  for (const note_row& note : request.notes) {
    batch_.put(family::meta, std::string{note_prefix} + note.name, encode_note(note.value));
  }
  return {};
}

result<void> batch_writer::check_change(const recipient_change& change) const {
  const auto found = context_.cache.find(change.before.key.message);
  if (!found) return found.error();
  if (*found == nullptr || change.after.key != change.before.key) return error{errc::refused, "spool.settle"};
  const open_recipient* open = find_open(**found, change.before.key.index);
  if (open == nullptr) return error{errc::refused, "spool.settle"};
  if (!open->is_damaged && open->state != change.before.state) return error{errc::refused, "spool.settle"};
  return {};
}

result<void> batch_writer::apply_change(const recipient_change& change) {
  const auto found = context_.cache.find(change.before.key.message);
  if (!found) return found.error();
  cached_message& message = **found;
  open_recipient& open = *find_open(message, change.before.key.index);
  const open_recipient before = open.is_damaged ? open_recipient_of(change.before) : open;
  const mail::traffic_stream stream = message.is_damaged ? change.stream : message.row.stream;
  const std::string key = key_of(change.after.key);
  counts_.add(stream, before.state, -1);
  tallied_.add(before.lane, before.state, change.before.pinned_destination, -1);
  counts_.add(stream, change.after.state, 1);
  if (!mail::is_final(change.after.state)) {
    tallied_.add(change.after.lane, change.after.state, change.after.pinned_destination, 1);
    batch_.put(family::recipient, key, encode(change.after, stream));
    open = open_recipient_of(change.after);
    move_indexes(change.after.key, before, open);
    return {};
  }
  drop_indexes(change.after.key, before);
  batch_.erase(family::recipient, key);
  batch_.put(family::history_recipient, key, encode(compact_for_history(change.after), stream));
  message.open.erase(message.open.begin() + (&open - message.open.data()));
  if (message.is_damaged) {
    message.row.stream = stream;
    message.is_stream_known = true;
  }
  if (message.open.empty()) finish_message(message);
  return {};
}

void batch_writer::put_indexes(const recipient_key& key, const open_recipient& entry) {
  if (has_due_entry(entry.state, entry.has_intent)) {
    batch_.put_mark(family::due, due_key_of(entry.lane, {entry.due, key}));
  }
  if (entry.has_intent) batch_.put_mark(family::intent, key_of(key));
}

void batch_writer::drop_indexes(const recipient_key& key, const open_recipient& entry) {
  if (has_due_entry(entry.state, entry.has_intent)) {
    batch_.erase(family::due, due_key_of(entry.lane, {entry.due, key}));
  }
  if (entry.has_intent) batch_.erase(family::intent, key_of(key));
}

void batch_writer::move_indexes(const recipient_key& key, const open_recipient& before, const open_recipient& after) {
  // Deletes first: an entry that stays the same is put again behind its delete.
  drop_indexes(key, before);
  put_indexes(key, after);
}

void batch_writer::finish_message(cached_message& message) {
  const std::string_view id = message.row.id.view();
  batch_.erase(family::message, id);
  batch_.erase(family::body, id);
  batch_.put(family::history_message, id, encode(message.row, context_.now));
  if (message.place) context_.segments.release(*message.place);
  message.place.reset();
  message.is_finished = true;
  context_.cache.note_finished(message.row.id);
}

state_batch& batch_writer::finish() {
  context_.segments.put_changes(batch_);
  batch_.put(family::meta, totals_key, encode(totals_after()));
  context_.tally.put(batch_, tallied_);
  return batch_;
}

totals_row batch_writer::totals_after() const {
  totals_row out = context_.totals;
  out.ledger_sequence = ledger_sequence_;
  out.next_segment = context_.segments.next_segment();
  for (const auto& [key, change] : counts_.all()) {
    std::uint64_t& count = out.counts[key];
    // Below zero would be a count that a repair lost; it must not wrap.
    count = change < 0 && count < static_cast<std::uint64_t>(-change) ? 0 : count + static_cast<std::uint64_t>(change);
  }
  return out;
}

}  // namespace stellwerk::spool::embedded
