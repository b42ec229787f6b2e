#include "gateway/spool/embedded/row_codec.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "gateway/spool/embedded/encoding.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::uint8_t value_version = 1;
constexpr std::uint8_t body_inline = 1;
constexpr std::uint8_t body_in_segment = 2;

byte_writer start_value(std::size_t expected_size) {
  byte_writer out{expected_size + 8};
  out.u8(value_version);
  return out;
}

byte_reader open_value(std::string_view value) {
  byte_reader in{value};
  if (in.u8() != value_version) in.fail();
  return in;
}

}  // namespace

std::string encode_inline_body(std::string_view content) {
  byte_writer out = start_value(content.size() + 1);
  out.u8(body_inline);
  out.raw(content);
  return std::move(out.bytes());
}

std::string encode(const body_place& place) {
  byte_writer out = start_value(16);
  out.u8(body_in_segment);
  out.varint(place.segment);
  out.varint(place.offset);
  out.varint(place.length);
  return std::move(out.bytes());
}

std::optional<stored_body> decode_body(std::string_view value) {
  byte_reader in = open_value(value);
  stored_body body;
  switch (in.u8()) {
    case body_inline: body.content = in.rest(); break;
    case body_in_segment: {
      body_place place;
      place.segment = in.varint32();
      place.offset = in.varint();
      place.length = in.varint();
      body.place = place;
      break;
    }
    default: in.fail();
  }
  if (!in.ok()) return std::nullopt;
  return body;
}

std::string encode(const idempotency_row& row) {
  byte_writer out = start_value(64 + row.address_hashes.size() * 8);
  out.raw(row.id.view());
  out.raw({reinterpret_cast<const char*>(row.fingerprint.data()), row.fingerprint.size()});
  out.time(row.expires);
  out.u8(row.merged ? 1 : 0);
  out.varint(row.address_hashes.size());
  for (const std::uint64_t hash : row.address_hashes) append_be64(out.bytes(), hash);
  return std::move(out.bytes());
}

std::optional<idempotency_row> decode_idempotency(std::string_view value) {
  byte_reader in = open_value(value);
  idempotency_row row;
  const std::string_view id = in.raw(16);
  const std::string_view fingerprint = in.raw(row.fingerprint.size());
  row.expires = in.time();
  row.merged = in.u8() != 0;
  const std::size_t hashes = in.count();
  for (std::size_t i = 0; i < hashes && in.ok(); ++i) {
    const std::string_view hash = in.raw(8);
    if (in.ok()) row.address_hashes.push_back(read_be64(hash));
  }
  if (!in.ok()) return std::nullopt;
  row.id = queue_id::from_view(id);
  std::memcpy(row.fingerprint.data(), fingerprint.data(), fingerprint.size());
  return row;
}

std::string encode(const lane_row& row) {
  byte_writer out = start_value(64);
  out.u8(static_cast<std::uint8_t>(row.stream));
  out.text(row.tenant);
  out.varint(row.candidates.size());
  for (const std::string& candidate : row.candidates) out.text(candidate);
  out.u8(row.own_lifetime ? 1 : 0);
  return std::move(out.bytes());
}

std::optional<lane_row> decode_lane(lane_id id, std::string_view value) {
  byte_reader in = open_value(value);
  lane_row row;
  row.id = id;
  row.stream = static_cast<mail::traffic_stream>(in.u8());
  row.tenant = in.text();
  const std::size_t candidates = in.count();
  for (std::size_t i = 0; i < candidates && in.ok(); ++i) row.candidates.emplace_back(in.text());
  if (!in.at_end()) row.own_lifetime = in.u8() != 0;
  if (!in.ok()) return std::nullopt;
  return row;
}

std::string encode(const ledger_row& row) {
  byte_writer out = start_value(row.tenant.size() + row.payload.size() + 8);
  out.text(row.tenant);
  out.text(row.payload);
  return std::move(out.bytes());
}

std::optional<ledger_row> decode_ledger(std::uint64_t sequence, std::string_view value) {
  byte_reader in = open_value(value);
  ledger_row row;
  row.sequence = sequence;
  row.tenant = in.text();
  row.payload = in.text();
  if (!in.ok()) return std::nullopt;
  return row;
}

std::string encode(const segment_row& row) {
  byte_writer out = start_value(12);
  out.varint(row.size);
  out.varint(row.live);
  return std::move(out.bytes());
}

std::optional<segment_row> decode_segment(std::string_view value) {
  byte_reader in = open_value(value);
  segment_row row;
  row.size = in.varint();
  row.live = in.varint();
  if (!in.ok()) return std::nullopt;
  return row;
}

std::string encode(const totals_row& row) {
  byte_writer out = start_value(96);
  out.varint(row.ledger_sequence);
  out.varint(row.next_segment);
  out.varint(row.counts.size());
  for (const auto& [key, count] : row.counts) {
    out.u8(key.first);
    out.u8(key.second);
    out.varint(count);
  }
  return std::move(out.bytes());
}

std::optional<totals_row> decode_totals(std::string_view value) {
  byte_reader in = open_value(value);
  totals_row row;
  row.ledger_sequence = in.varint();
  row.next_segment = in.varint32();
  const std::size_t counts = in.count();
  for (std::size_t i = 0; i < counts && in.ok(); ++i) {
    const std::uint8_t stream = in.u8();
    const std::uint8_t state = in.u8();
    row.counts[{stream, state}] = in.varint();
  }
  if (!in.ok()) return std::nullopt;
  return row;
}

std::string encode_count(std::uint64_t count) {
  byte_writer out = start_value(12);
  out.varint(count);
  return std::move(out.bytes());
}

std::optional<std::uint64_t> decode_count(std::string_view value) {
  byte_reader in = open_value(value);
  const std::uint64_t count = in.varint();
  return in.ok() ? std::optional{count} : std::nullopt;
}

std::string encode(const usage_row& row) {
  byte_writer out = start_value(16);
  out.varint(row.period);
  append_be64(out.bytes(), std::bit_cast<std::uint64_t>(row.used));
  return std::move(out.bytes());
}

std::optional<usage_row> decode_usage(std::string name, std::string_view value) {
  byte_reader in = open_value(value);
  usage_row row;
  row.name = std::move(name);
  row.period = in.varint32();
  const std::string_view bits = in.raw(8);
  if (!in.ok()) return std::nullopt;
  row.used = std::bit_cast<double>(read_be64(bits));
  if (!std::isfinite(row.used)) return std::nullopt;
  return row;
}

std::string encode(const suppression_row& row) {
  byte_writer out = start_value(row.source.size() + row.note.size() + 24);
  out.u8(static_cast<std::uint8_t>(row.reason));
  out.text(row.source);
  out.text(row.note);
  out.time(row.created);
  out.time(row.expires.value_or(time_point{}));
  return std::move(out.bytes());
}

std::optional<suppression_row> decode_suppression(std::string_view key, std::string_view value) {
  auto row = parse_suppression_key(key);
  if (!row) return std::nullopt;
  byte_reader in = open_value(value);
  const std::uint8_t reason = in.u8();
  if (reason >= all_suppression_reasons.size()) return std::nullopt;
  row->reason = static_cast<suppression_reason>(reason);
  row->source = in.text();
  row->note = in.text();
  row->created = in.time();
  const time_point expires = in.time();
  if (expires != time_point{}) row->expires = expires;
  if (!in.ok()) return std::nullopt;
  return row;
}

std::string encode(const format_row& row) {
  byte_writer out = start_value(4);
  out.varint(row.format);
  out.varint(row.oldest_reader);
  return std::move(out.bytes());
}

std::optional<format_row> decode_format(std::string_view value) {
  byte_reader in{value};
  (void)in.u8();  // every version of the value says first who may read the rest
  format_row row;
  row.format = in.varint32();
  row.oldest_reader = in.varint32();
  if (!in.ok()) return std::nullopt;
  return row;
}

std::string encode_seed(std::uint64_t seed) {
  byte_writer out = start_value(10);
  out.varint(seed);
  return std::move(out.bytes());
}

std::optional<std::uint64_t> decode_seed(std::string_view value) {
  byte_reader in = open_value(value);
  const std::uint64_t seed = in.varint();
  if (!in.ok()) return std::nullopt;
  return seed;
}

std::string encode_note(std::string_view text) {
  byte_writer out = start_value(text.size() + 10);
  out.text(text);
  return std::move(out.bytes());
}

std::optional<std::string> decode_note(std::string_view value) {
  byte_reader in = open_value(value);
  std::string text{in.text()};
  if (!in.ok()) return std::nullopt;
  return text;
}

}  // namespace stellwerk::spool::embedded
