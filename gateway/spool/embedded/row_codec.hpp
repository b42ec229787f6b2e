// Values of the state: rows to bytes and back, without the seal. Layouts in FORMAT.md.
//
// Decoding is total: bytes that do not follow the layout yield nothing. Keys are not repeated in values; the caller
// hands them in. Thread rule: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/spool/rows.hpp"
#include "gateway/spool/suppression_row.hpp"

namespace stellwerk::spool::embedded {

struct stored_message {
  message_row row;
  time_point finished{};  // epoch: still open
};
[[nodiscard]] std::string encode(const message_row& row, time_point finished);
[[nodiscard]] std::optional<stored_message> decode_message(const queue_id& id, std::string_view value);

struct stored_recipient {
  recipient_row row;
  mail::traffic_stream stream = mail::traffic_stream::transactional;
};
[[nodiscard]] std::string encode(const recipient_row& row, mail::traffic_stream stream);
[[nodiscard]] std::optional<stored_recipient> decode_recipient(const recipient_key& key, std::string_view value);
// State and stream without decoding the rest; for scans that look for few rows among many.
struct recipient_glance {
  mail::recipient_state state;
  mail::traffic_stream stream;
};
[[nodiscard]] std::optional<recipient_glance> glance_recipient(std::string_view value);
// What remains of a finished recipient.
[[nodiscard]] recipient_row compact_for_history(recipient_row row);

// Where a body in a segment lies. `length` counts the content only; the record is longer by its header.
struct body_place {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const body_place&, const body_place&) = default;
};
struct stored_body {
  std::optional<body_place> place;  // none: inline
  std::string_view content;         // inline; borrowed from the value
};
[[nodiscard]] std::string encode_inline_body(std::string_view content);
[[nodiscard]] std::string encode(const body_place& place);
[[nodiscard]] std::optional<stored_body> decode_body(std::string_view value);

struct idempotency_row {
  queue_id id;
  std::array<std::uint8_t, 32> fingerprint{};
  time_point expires{};
  bool merged = false;  // recipients may be added; only then are there hashes
  std::vector<std::uint64_t> address_hashes;
};
[[nodiscard]] std::string encode(const idempotency_row& row);
[[nodiscard]] std::optional<idempotency_row> decode_idempotency(std::string_view value);

[[nodiscard]] std::string encode(const lane_row& row);
[[nodiscard]] std::optional<lane_row> decode_lane(lane_id id, std::string_view value);

[[nodiscard]] std::string encode(const ledger_row& row);
[[nodiscard]] std::optional<ledger_row> decode_ledger(std::uint64_t sequence, std::string_view value);

struct segment_row {
  std::uint64_t size = 0;  // end of the last record the state refers to
  std::uint64_t live = 0;  // bytes of records it still refers to
  friend bool operator==(const segment_row&, const segment_row&) = default;
};
[[nodiscard]] std::string encode(const segment_row& row);
[[nodiscard]] std::optional<segment_row> decode_segment(std::string_view value);

struct totals_row {
  std::uint64_t ledger_sequence = 0;
  std::uint32_t next_segment = 1;
  std::map<std::pair<std::uint8_t, std::uint8_t>, std::uint64_t> counts;  // (stream, state)
};
[[nodiscard]] std::string encode(const totals_row& row);
[[nodiscard]] std::optional<totals_row> decode_totals(std::string_view value);

// Rows of the tallies: a bare count, and what is used in a period.
[[nodiscard]] std::string encode_count(std::uint64_t count);
[[nodiscard]] std::optional<std::uint64_t> decode_count(std::string_view value);
[[nodiscard]] std::string encode(const usage_row& row);
[[nodiscard]] std::optional<usage_row> decode_usage(std::string name, std::string_view value);

// Tenant, address and scope are in the key.
[[nodiscard]] std::string encode(const suppression_row& row);
[[nodiscard]] std::optional<suppression_row> decode_suppression(std::string_view key, std::string_view value);

struct format_row {
  std::uint32_t format = 1;
  std::uint32_t oldest_reader = 1;
};
inline constexpr format_row our_format{1, 1};
[[nodiscard]] std::string encode(const format_row& row);
[[nodiscard]] std::optional<format_row> decode_format(std::string_view value);
[[nodiscard]] std::string encode_seed(std::uint64_t seed);
[[nodiscard]] std::optional<std::uint64_t> decode_seed(std::string_view value);
[[nodiscard]] std::string encode_note(std::string_view text);
[[nodiscard]] std::optional<std::string> decode_note(std::string_view value);

}  // namespace stellwerk::spool::embedded
