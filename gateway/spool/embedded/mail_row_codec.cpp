// The two large rows of row_codec.hpp: messages and recipients.
#include "gateway/spool/embedded/encoding.hpp"
#include "gateway/spool/embedded/row_codec.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::uint8_t value_version = 1;
constexpr std::size_t history_reply_max = 200;

// Bits of a message row.
constexpr std::uint64_t flag_smtputf8 = 1;
constexpr std::uint64_t flag_8bitmime = 2;
constexpr std::uint64_t flag_return_full = 4;
constexpr std::uint64_t flag_dsn_allowed = 8;
constexpr std::uint64_t flag_send_at = 16;
constexpr std::uint64_t flag_notice = 32;

// Bits of a recipient row.
constexpr unsigned flag_never = 1;
constexpr unsigned flag_on_failure = 2;
constexpr unsigned flag_on_delay = 4;
constexpr unsigned flag_on_success = 8;
constexpr unsigned flag_delay_warned = 16;
constexpr unsigned flag_intent = 32;

std::uint64_t flags_of(const message_row& row) {
  return (row.smtputf8 ? flag_smtputf8 : 0U) | (row.body_8bitmime ? flag_8bitmime : 0U) |
         (row.return_full ? flag_return_full : 0U) | (row.dsn_allowed ? flag_dsn_allowed : 0U) |
         (row.send_at ? flag_send_at : 0U) | (row.is_notice ? flag_notice : 0U);
}

std::uint8_t flags_of(const recipient_row& row) {
  return static_cast<std::uint8_t>((row.dsn.never ? flag_never : 0U) | (row.dsn.on_failure ? flag_on_failure : 0U) |
                                   (row.dsn.on_delay ? flag_on_delay : 0U) |
                                   (row.dsn.on_success ? flag_on_success : 0U) |
                                   (row.delay_warned ? flag_delay_warned : 0U) | (row.intent ? flag_intent : 0U));
}

void write_attempt(byte_writer& out, const attempt_row& attempt) {
  out.u8(static_cast<std::uint8_t>(attempt.outcome));
  out.time(attempt.started);
  out.time(attempt.ended);
  for (const std::string* text :
       {&attempt.attempt_id, &attempt.destination, &attempt.route, &attempt.policy_version, &attempt.enhanced_status,
        &attempt.reply, &attempt.vendor_message_id, &attempt.refused_point}) {
    out.text(*text);
  }
}

attempt_row read_attempt(byte_reader& in) {
  attempt_row attempt;
  attempt.outcome = static_cast<mail::attempt_outcome>(in.u8());
  attempt.started = in.time();
  attempt.ended = in.time();
  for (std::string* text :
       {&attempt.attempt_id, &attempt.destination, &attempt.route, &attempt.policy_version, &attempt.enhanced_status,
        &attempt.reply, &attempt.vendor_message_id, &attempt.refused_point}) {
    *text = in.text();
  }
  return attempt;
}

// What was added to the row later.
void write_choices(byte_writer& out, const recipient_row& row) {
  out.text(row.rerouted_to);
  for (const attempt_row& attempt : row.attempts) out.text(attempt.passed_over);
  if (row.intent) out.text(row.intent->passed_over);
}

// Added later still: rows of before end here.
void write_peers(byte_writer& out, const recipient_row& row) {
  for (const attempt_row& attempt : row.attempts) {
    out.text(attempt.remote_host);
    out.u8(static_cast<std::uint8_t>(attempt.reply_by));
  }
}

void read_peers(byte_reader& in, recipient_row& row) {
  if (in.at_end()) return;
  for (attempt_row& attempt : row.attempts) {
    attempt.remote_host = in.text();
    attempt.reply_by = static_cast<mail::said_by>(in.u8());
  }
}

void read_choices(byte_reader& in, recipient_row& row) {
  row.rerouted_to = in.text();
  for (attempt_row& attempt : row.attempts) attempt.passed_over = in.text();
  if (row.intent) row.intent->passed_over = in.text();
}

bool is_known(std::uint8_t stream, std::uint8_t state) {
  return stream >= 1 && stream <= 2 && state >= 1 && state <= mail::all_recipient_states.size();
}

void read_flags(recipient_row& row, std::uint8_t flags) {
  row.dsn.never = (flags & flag_never) != 0;
  row.dsn.on_failure = (flags & flag_on_failure) != 0;
  row.dsn.on_delay = (flags & flag_on_delay) != 0;
  row.dsn.on_success = (flags & flag_on_success) != 0;
  row.delay_warned = (flags & flag_delay_warned) != 0;
}

}  // namespace

std::string encode(const message_row& row, time_point finished) {
  byte_writer out{192};
  out.u8(value_version);
  out.varint(flags_of(row));
  out.u8(static_cast<std::uint8_t>(row.ingress));
  out.u8(static_cast<std::uint8_t>(row.stream));
  out.u8(static_cast<std::uint8_t>(row.stream_source));
  for (const std::string* text : {&row.client, &row.tenant, &row.listener, &row.reverse_path, &row.envelope_id,
                                  &row.stream_reason, &row.campaign, &row.template_name}) {
    out.text(*text);
  }
  out.varint(row.tags.size());
  for (const std::string& tag : row.tags) out.text(tag);
  out.varint(row.metadata.size());
  for (const auto& [key, value] : row.metadata) {
    out.text(key);
    out.text(value);
  }
  out.time(row.accepted);
  out.time(row.send_at.value_or(time_point{}));
  out.time(row.expires);
  out.varint(row.size);
  out.varint(row.recipients);
  out.text(row.idempotency_key);
  out.time(finished);
  out.text(row.shadow_destination);
  out.varint(row.note.bits);
  out.varint(row.note.attachments_bytes);
  out.text(row.note.header_from_domain);
  out.varint(row.bound_by.size());
  for (const std::string& name : row.bound_by) out.text(name);
  return std::move(out.bytes());
}

std::optional<stored_message> decode_message(const queue_id& id, std::string_view value) {
  byte_reader in{value};
  if (in.u8() != value_version) return std::nullopt;
  stored_message stored;
  message_row& row = stored.row;
  row.id = id;
  const std::uint64_t flags = in.varint();
  row.smtputf8 = (flags & flag_smtputf8) != 0;
  row.body_8bitmime = (flags & flag_8bitmime) != 0;
  row.return_full = (flags & flag_return_full) != 0;
  row.dsn_allowed = (flags & flag_dsn_allowed) != 0;
  row.is_notice = (flags & flag_notice) != 0;
  row.ingress = static_cast<mail::ingress_kind>(in.u8());
  row.stream = static_cast<mail::traffic_stream>(in.u8());
  row.stream_source = static_cast<mail::stream_source>(in.u8());
  for (std::string* text : {&row.client, &row.tenant, &row.listener, &row.reverse_path, &row.envelope_id,
                            &row.stream_reason, &row.campaign, &row.template_name}) {
    *text = in.text();
  }
  const std::size_t tags = in.count();
  for (std::size_t i = 0; i < tags && in.ok(); ++i) row.tags.emplace_back(in.text());
  const std::size_t pairs = in.count();
  for (std::size_t i = 0; i < pairs && in.ok(); ++i) {
    std::string key{in.text()};
    row.metadata.insert_or_assign(std::move(key), std::string{in.text()});
  }
  row.accepted = in.time();
  const time_point send_at = in.time();
  if ((flags & flag_send_at) != 0) row.send_at = send_at;
  row.expires = in.time();
  row.size = in.varint();
  row.recipients = in.varint32();
  row.idempotency_key = in.text();
  stored.finished = in.time();
  row.shadow_destination = in.text();
  row.note.bits = in.varint32();
  row.note.attachments_bytes = in.varint();
  row.note.header_from_domain = in.text();
  const std::size_t names = in.at_end() ? 0 : in.count();  // rows of before end here
  for (std::size_t i = 0; i < names && in.ok(); ++i) row.bound_by.emplace_back(in.text());
  if (!in.ok()) return std::nullopt;
  return stored;
}

std::string encode(const recipient_row& row, mail::traffic_stream stream) {
  byte_writer out{160};
  out.u8(value_version);
  out.u8(static_cast<std::uint8_t>(row.state));
  out.u8(flags_of(row));
  out.u8(static_cast<std::uint8_t>(stream));
  out.varint(row.lane);
  out.time(row.due);
  out.varint(row.attempts_made);
  out.varint(row.intents_lost);
  out.varint(row.empty_lookups);
  out.time(row.changed);
  for (const std::string* text :
       {&row.address, &row.dsn.original_recipient, &row.pinned_destination, &row.reason, &row.enhanced_status}) {
    out.text(*text);
  }
  out.varint(row.attempts.size());
  for (const attempt_row& attempt : row.attempts) write_attempt(out, attempt);
  if (row.intent) {
    out.time(row.intent->started);
    out.text(row.intent->attempt_id);
    out.text(row.intent->destination);
    out.text(row.intent->route);
    out.text(row.intent->policy_version);
  }
  write_choices(out, row);
  write_peers(out, row);
  return std::move(out.bytes());
}

std::optional<stored_recipient> decode_recipient(const recipient_key& key, std::string_view value) {
  const auto glance = glance_recipient(value);
  if (!glance) return std::nullopt;
  byte_reader in{value.substr(2)};
  stored_recipient stored;
  stored.stream = glance->stream;
  recipient_row& row = stored.row;
  row.key = key;
  row.state = glance->state;
  const std::uint8_t flags = in.u8();
  read_flags(row, flags);
  (void)in.u8();  // stream, known from the glance
  row.lane = in.varint32();
  row.due = in.time();
  row.attempts_made = in.varint32();
  row.intents_lost = in.varint32();
  row.empty_lookups = in.varint32();
  row.changed = in.time();
  for (std::string* text :
       {&row.address, &row.dsn.original_recipient, &row.pinned_destination, &row.reason, &row.enhanced_status}) {
    *text = in.text();
  }
  const std::size_t attempts = in.count();
  for (std::size_t i = 0; i < attempts && in.ok(); ++i) row.attempts.push_back(read_attempt(in));
  if ((flags & flag_intent) != 0) {
    attempt_intent intent;
    intent.started = in.time();
    intent.attempt_id = in.text();
    intent.destination = in.text();
    intent.route = in.text();
    intent.policy_version = in.text();
    row.intent = std::move(intent);
  }
  read_choices(in, row);
  read_peers(in, row);
  if (!in.ok()) return std::nullopt;
  return stored;
}

std::optional<recipient_glance> glance_recipient(std::string_view value) {
  byte_reader in{value};
  if (in.u8() != value_version) return std::nullopt;
  const std::uint8_t state = in.u8();
  (void)in.u8();
  const std::uint8_t stream = in.u8();
  if (!in.ok() || !is_known(stream, state)) return std::nullopt;
  return recipient_glance{static_cast<mail::recipient_state>(state), static_cast<mail::traffic_stream>(stream)};
}

recipient_row compact_for_history(recipient_row row) {
  row.intent.reset();
  row.dsn = {};
  row.rerouted_to.clear();
  if (row.attempts.size() > 1) row.attempts.erase(row.attempts.begin(), row.attempts.end() - 1);
  if (!row.attempts.empty() && row.attempts.back().reply.size() > history_reply_max) {
    row.attempts.back().reply.resize(history_reply_max);
  }
  for (attempt_row& attempt : row.attempts) attempt.remote_host.clear();
  return row;
}

}  // namespace stellwerk::spool::embedded
