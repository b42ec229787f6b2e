#include "gateway/spool/embedded/row_codec.hpp"

#include <gtest/gtest.h>

#include "gateway/spool/embedded/encoding.hpp"
#include "gateway/spool/embedded/keys.hpp"
#include "gateway/spool/embedded/segment_record.hpp"

namespace stellwerk::spool::embedded {
namespace {

const time_point noon{duration{1'700'000'000'123}};

queue_id an_id(std::uint8_t fill) {
  queue_id id;
  id.bytes.fill(fill);
  return id;
}

message_row full_message() {
  message_row row;
  row.id = an_id(3);
  row.client = "billing";
  row.tenant = "acme";
  row.ingress = mail::ingress_kind::grpc;
  row.listener = "grpc";
  row.reverse_path = "a@b.example";
  row.smtputf8 = row.body_8bitmime = row.return_full = row.dsn_allowed = true;
  row.envelope_id = "env";
  row.stream = mail::traffic_stream::marketing;
  row.stream_source = mail::stream_source::signal;
  row.stream_reason = "list-unsubscribe";
  row.campaign = "spring";
  row.template_name = "t";
  row.tags = {"x", "", "y"};
  row.metadata = {{"k", "v"}, {"order", "17"}};
  row.accepted = noon;
  row.send_at = noon + std::chrono::hours{1};
  row.expires = noon + std::chrono::hours{5};
  row.size = 70'000;
  row.recipients = 300;
  row.idempotency_key = "key";
  row.is_notice = true;
  row.bound_by = {"residency", "consent"};
  return row;
}

recipient_row full_recipient() {
  recipient_row row;
  row.key = {an_id(3), 299};
  row.address = "ada@example.org";
  row.dsn = {false, true, false, true, "rfc822;ada@example.org"};
  row.state = mail::recipient_state::attempting;
  row.lane = 70'000;
  row.due = noon;
  row.attempts_made = 5;
  row.intents_lost = 1;
  row.empty_lookups = 2;
  row.pinned_destination = "ses";
  row.reason = "r";
  row.enhanced_status = "4.4.1";
  row.changed = noon;
  row.delay_warned = true;
  for (int i = 0; i < 3; ++i) {
    attempt_row attempt;
    attempt.attempt_id = "a" + std::to_string(i);
    attempt.destination = "mta";
    attempt.route = "default";
    attempt.policy_version = "v1";
    attempt.started = noon;
    attempt.ended = noon + std::chrono::seconds{2};
    attempt.outcome = mail::attempt_outcome::throttled;
    attempt.enhanced_status = "4.7.0";
    attempt.reply = std::string(500, 'r');
    attempt.vendor_message_id = "m";
    attempt.refused_point = "size";
    attempt.remote_host = "mx" + std::to_string(i) + ".example.org";
    attempt.reply_by = mail::said_by::http_peer;
    row.attempts.push_back(attempt);
  }
  row.intent = attempt_intent{"a3", "ses", "default", "v2", noon};
  return row;
}

TEST(row_codec, message_comes_back_whole) {
  const auto back = decode_message(an_id(3), encode(full_message(), noon));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->row, full_message());
  EXPECT_EQ(back->finished, noon);
}

TEST(row_codec, recipient_comes_back_whole) {
  const auto back = decode_recipient(full_recipient().key, encode(full_recipient(), mail::traffic_stream::marketing));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->row, full_recipient());
  EXPECT_EQ(back->stream, mail::traffic_stream::marketing);
}

TEST(row_codec, finished_recipient_keeps_its_last_attempt_in_few_bytes) {
  recipient_row row = full_recipient();
  for (attempt_row& attempt : row.attempts) attempt.reply = "250 2.0.0 Ok: queued as 12345";
  row.state = mail::recipient_state::delivered;
  const recipient_row kept = compact_for_history(row);
  ASSERT_EQ(kept.attempts.size(), 1U);
  EXPECT_EQ(kept.attempts[0].attempt_id, "a2");
  EXPECT_FALSE(kept.intent);
  EXPECT_LE(encode(kept, mail::traffic_stream::marketing).size(), 140U);
  EXPECT_EQ(compact_for_history(full_recipient()).attempts[0].reply.size(), 200U);
}

// Every shorter value is either refused or (a field that a later version added) read as a default; never a crash.
TEST(row_codec, cut_values_are_refused) {
  const std::string message = encode(full_message(), noon);
  std::vector<std::size_t> read;
  for (std::size_t size = 0; size < message.size(); ++size) {
    if (decode_message(an_id(3), std::string_view{message}.substr(0, size))) read.push_back(size);
  }
  // Rows of before end where the names of invariants begin.
  EXPECT_EQ(read, std::vector{message.size() - std::size("2?residency?consent") + 1});
  const std::string recipient = encode(full_recipient(), mail::traffic_stream::marketing);
  read.clear();
  for (std::size_t size = 0; size < recipient.size(); ++size) {
    if (decode_recipient(full_recipient().key, std::string_view{recipient}.substr(0, size))) read.push_back(size);
  }
  EXPECT_EQ(read, std::vector{recipient.size() - std::size(full_recipient().attempts) * std::size("?mx0.example.org")});
}

TEST(row_codec, recipients_of_before_have_no_hosts) {
  recipient_row row = full_recipient();
  const std::string now = encode(row, mail::traffic_stream::marketing);
  const auto back = decode_recipient(
      row.key, std::string_view{now}.substr(0, now.size() - row.attempts.size() * std::size("?mx0.example.org")));
  ASSERT_TRUE(back);
  for (attempt_row& attempt : row.attempts) {
    attempt.remote_host.clear();
    attempt.reply_by = mail::said_by::smtp_peer;
  }
  EXPECT_EQ(back->row, row);
}

TEST(row_codec, fields_of_a_later_version_are_ignored) {
  const auto back = decode_message(an_id(3), encode(full_message(), noon) + "more");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->row, full_message());
}

TEST(row_codec, a_count_that_cannot_fit_allocates_nothing) {
  byte_writer out;
  out.u8(1);
  out.u8(1);
  out.text("acme");
  out.varint(1ULL << 60);
  EXPECT_FALSE(decode_lane(1, out.bytes()));
}

TEST(row_codec, small_rows_come_back) {
  idempotency_row claim{an_id(9), {}, noon, true, {1, 2, ~0ULL}};
  claim.fingerprint.fill(7);
  const auto claim_back = decode_idempotency(encode(claim));
  ASSERT_TRUE(claim_back);
  EXPECT_EQ(claim_back->id, claim.id);
  EXPECT_EQ(claim_back->fingerprint, claim.fingerprint);
  EXPECT_EQ(claim_back->expires, claim.expires);
  EXPECT_EQ(claim_back->address_hashes, claim.address_hashes);

  const lane_row lane{5, mail::traffic_stream::marketing, "acme", {"mta", "ses"}};
  EXPECT_EQ(decode_lane(5, encode(lane)), lane);

  const body_place place{7, 1ULL << 33, 1ULL << 25};
  const std::string stored = encode(place);
  EXPECT_EQ(decode_body(stored)->place, place);
  const std::string body = encode_inline_body("text");
  EXPECT_EQ(decode_body(body)->content, "text");

  totals_row totals;
  totals.ledger_sequence = 77;
  totals.next_segment = 8;
  totals.counts = {{{1, 2}, 3}, {{2, 14}, 1ULL << 40}};
  const auto totals_back = decode_totals(encode(totals));
  ASSERT_TRUE(totals_back);
  EXPECT_EQ(totals_back->counts, totals.counts);
  EXPECT_EQ(totals_back->ledger_sequence, 77U);
  EXPECT_EQ(totals_back->next_segment, 8U);
}

TEST(row_codec, every_flipped_bit_of_a_sealed_value_is_noticed) {
  const std::string key = key_of({an_id(1), 4});
  std::string sealed = encode(full_recipient(), mail::traffic_stream::marketing);
  seal(sealed, 3, key);
  ASSERT_TRUE(unseal(sealed, 3, key));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string flipped = sealed;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(unseal(flipped, 3, key)) << bit;
  }
  EXPECT_FALSE(unseal(sealed, 10, key));
  EXPECT_FALSE(unseal(sealed, 3, key_of({an_id(1), 5})));
}

TEST(keys, due_keys_sort_by_lane_then_time_then_message) {
  const recipient_key first{an_id(1), 0};
  const recipient_key second{an_id(2), 0};
  EXPECT_LT(due_key_of(1, {noon, second}), due_key_of(2, {time_point{}, first}));
  EXPECT_LT(due_key_of(1, {noon, second}), due_key_of(1, {noon + duration{1}, first}));
  EXPECT_LT(due_key_of(1, {noon, first}), due_key_of(1, {noon, second}));
  EXPECT_EQ(parse_due_key(due_key_of(1, {noon, second})), (due_entry{noon, second}));
  EXPECT_FALSE(parse_due_key("short"));
}

TEST(keys, after_prefix_bounds_every_key_of_the_prefix) {
  EXPECT_EQ(after_prefix("ab"), "ac");
  EXPECT_EQ(after_prefix("a\xff"), "b");
  EXPECT_EQ(after_prefix("\xff\xff"), "");
}

TEST(keys, a_claim_hash_depends_on_tenant_key_and_seed) {
  EXPECT_NE(hash_of_claim("a", "bc", 1), hash_of_claim("ab", "c", 1));
  EXPECT_NE(hash_of_claim("a", "b", 1), hash_of_claim("a", "b", 2));
  EXPECT_EQ(hash_of_claim("a", "b", 1), hash_of_claim("a", "b", 1));
}

TEST(segment_record, header_ties_content_to_its_message) {
  const std::string header = make_record_header(an_id(5), "content");
  ASSERT_EQ(header.size(), record_header_size);
  EXPECT_TRUE(record_holds(header, "content"));
  EXPECT_FALSE(record_holds(header, "contenT"));
  EXPECT_FALSE(record_holds(header, "conten"));
  for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
    std::string flipped = header;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(record_holds(flipped, "content")) << bit;
  }
}

TEST(segment_record, file_names_carry_their_number) {
  EXPECT_EQ(segment_file_name(42), "00000042.seg");
  EXPECT_EQ(parse_segment_file_name("00000042.seg"), 42U);
  EXPECT_FALSE(parse_segment_file_name("00000042.tmp"));
  EXPECT_FALSE(parse_segment_file_name("x.seg"));
}

}  // namespace
}  // namespace stellwerk::spool::embedded
