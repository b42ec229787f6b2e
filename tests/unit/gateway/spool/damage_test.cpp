// Damaged stores: every kind of damage is told by `check_spool`, the rows beside it are unaffected, and what a damaged
// row stood for is never taken for something else.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "base/text.hpp"
#include "gateway/spool/embedded/log_tail.hpp"
#include "tests/unit/gateway/spool/damage_fixture.hpp"

namespace stellwerk::spool {
namespace {

using embedded::family;

class damage_test : public damage_fixture {
 protected:
  enum class verdict : std::uint8_t { sound, told, aborted };

  // In a process of its own: Debian's RocksDB has assertions in it, and damage in the properties of a table meets one.
  verdict check_apart() {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto report = check_spool(tool());
      ::_exit(report && report->is_sound() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    if (!WIFEXITED(status)) return verdict::aborted;
    return WEXITSTATUS(status) == 0 ? verdict::sound : verdict::told;
  }
};

TEST_F(damage_test, a_whole_store_is_sound_and_counted) {
  const auto report = check_spool(tool());
  ASSERT_TRUE(report) << report.error().message();
  for (const spool_fault& one : report->listed)
    ADD_FAILURE() << one.what << " " << one.family << " " << one.subject << " " << one.detail;
  EXPECT_EQ(report->messages, 24U);
  EXPECT_EQ(report->recipients, 40U);
  EXPECT_EQ(report->finished_recipients, 8U);
  EXPECT_EQ(report->bodies, 24U);
  EXPECT_EQ(report->keys, 6U);
}

TEST_F(damage_test, a_check_writes_nothing) {
  std::map<std::string, std::string> before;
  for (const std::string& path : disk_->files_like("/")) before[path] = disk_->find(path)->bytes;
  const std::uint64_t operations = disk_->operations();
  ASSERT_TRUE(check_spool(tool()));
  EXPECT_EQ(disk_->operations(), operations);
  for (const std::string& path : disk_->files_like("/")) EXPECT_EQ(disk_->find(path)->bytes, before[path]) << path;
}

TEST_F(damage_test, there_is_nothing_to_check_without_a_store_and_a_served_one_is_left_alone) {
  open();
  EXPECT_TRUE(check_spool(tool()).error().is(errc::locked));
  EXPECT_TRUE(repair_spool(tool()).error().is(errc::locked));
  close();
  config_.data_directory = "/nowhere";
  EXPECT_TRUE(check_spool(tool()).error().is(errc::not_found));
}

TEST_F(damage_test, every_damaged_row_is_told_alone) {
  const std::map<std::string, std::function<void(std::string&)>> damages{
      {"bit", [](std::string& value) { value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 4); }},
      {"cut", [](std::string& value) { value.resize(value.size() / 2); }},
      {"zero", [](std::string& value) { std::fill(value.begin(), value.end(), '\0'); }},
      {"empty", [](std::string& value) { value.clear(); }},
  };
  for (const family which :
       {family::message, family::body, family::recipient, family::idempotency, family::history_message,
        family::history_recipient, family::ledger, family::segment, family::lane}) {
    const auto keys = keys_of(which);
    if (keys.empty()) continue;
    for (const auto& [name, damage] : damages) {
      const std::string what = std::string{embedded::name_of(which)} + " " + name;
      std::string kept;
      patch_row(which, keys[keys.size() / 2], [&](std::string& value) {
        kept = value;
        damage(value);
      });
      const auto report = check_spool(tool());
      ASSERT_TRUE(report) << what;
      EXPECT_EQ(report->faults.contains("damaged_row") ? report->faults.at("damaged_row") : 0, 1U) << what;
      patch_row(which, keys[keys.size() / 2], [&](std::string& value) { value = kept; });
    }
  }
  EXPECT_TRUE(check_spool(tool())->is_sound());
}

TEST_F(damage_test, a_row_under_the_key_of_another_is_told) {
  const auto keys = keys_of(family::message);
  std::string other;
  patch_row(family::message, keys[1], [&](std::string& value) { other = value; });
  patch_row(family::message, keys[0], [&](std::string& value) { value = other; });
  const auto report = check_spool(tool());
  ASSERT_TRUE(report);
  EXPECT_EQ(report->faults.at("damaged_row"), 1U);
}

TEST_F(damage_test, every_missing_row_is_missed_by_those_that_refer_to_it) {
  const std::map<family, std::set<std::string>> expected{
      {family::message, {"missing_message"}},
      {family::body, {"missing_body", "wrong_live_bytes"}},
      {family::recipient, {"wrong_count", "stray_due", "no_recipient", "stray_intent"}},
      {family::due, {"missing_due"}},
      {family::intent, {"missing_intent"}},
      {family::lane, {"missing_lane"}},
      {family::segment, {"missing_segment"}},
      {family::idempotency_expiry, {"missing_expiry"}}};
  for (const auto& [which, faults] : expected) {
    TearDown();
    ids_seen_.clear();
    SetUp();
    erase_row(which, keys_of(which).at(0));
    const auto report = check_spool(tool());
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->is_sound()) << embedded::name_of(which);
    for (const auto& [what, count] : report->faults)
      EXPECT_TRUE(faults.contains(what)) << embedded::name_of(which) << ": " << what;
  }
}

TEST_F(damage_test, the_neighbours_of_a_damaged_message_are_served) {
  const queue_id damaged = ids_seen_[3];
  patch_row(family::message, damaged.view(), [](std::string& value) { value[5] = static_cast<char>(value[5] ^ 1); });
  open();
  EXPECT_TRUE(store_->load_message(damaged).error().is(errc::corrupt));
  for (const queue_id& id : ids_seen_) {
    if (id != damaged) {
      EXPECT_TRUE(store_->load_message(id)) << id.to_string();
    }
  }
}

TEST_F(damage_test, a_merge_of_others_brings_a_damaged_row_again) {
  const queue_id damaged = ids_seen_[13];
  patch_row(family::message, damaged.view(), [](std::string& value) { value[5] = static_cast<char>(value[5] ^ 1); });
  open();
  accept_request request = a_message({"carl@example.org"}, a_body(300, 'b'));
  request.idempotency = a_claim("key-101", true);
  request.message.stream = mail::traffic_stream::marketing;  // classified otherwise since
  const auto merged = accept(std::move(request));
  ASSERT_TRUE(merged);
  EXPECT_FALSE(merged->message.duplicate());
  EXPECT_EQ(merged->restored.size(), 2U) << "not the one that is new";
  const auto loaded = store_->load_message(damaged);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->message.stream, mail::traffic_stream::transactional) << "what its recipients are counted under";
  EXPECT_EQ(loaded->message.recipients, 3U);
  close();
  EXPECT_TRUE(check_spool(tool())->is_sound());
}

// Its recipients tell the stream they are counted under. Where they are gone too, the merge tells it.
TEST_F(damage_test, a_merge_into_damaged_history_is_counted_under_its_own_stream) {
  open();
  const auto merged = [&](const std::string& address, mail::traffic_stream stream) {
    accept_request request = a_message({address}, a_body(300, 'm'));
    request.idempotency = a_claim("fan-out", true);
    request.message.stream = stream;
    return accept(std::move(request));
  };
  const auto first = merged("ada@example.org", mail::traffic_stream::marketing);
  ASSERT_TRUE(first);
  ASSERT_TRUE(change(first->added.at(0), with_state(first->added.at(0), mail::recipient_state::delivered)));
  close();
  const queue_id id = first->message.id();
  patch_row(family::history_message, id.view(), [](std::string& value) { value[5] = static_cast<char>(value[5] ^ 1); });
  open();
  const auto second = merged("bob@example.org", mail::traffic_stream::marketing);
  ASSERT_TRUE(second);
  const auto loaded = store_->load_message(id);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->message.stream, mail::traffic_stream::marketing);
  ASSERT_TRUE(loaded->content);
  EXPECT_EQ(*loaded->content, a_body(300, 'm'));
  close();
  EXPECT_TRUE(check_spool(tool())->is_sound());
}

// A row without recipients: they ended, and what says so cannot be read.
TEST_F(damage_test, a_merge_into_what_nobody_waits_for_brings_the_body_again) {
  open();
  const auto merged = [&](const std::string& address) {
    accept_request request = a_message({address}, a_body(300, 'm'));
    request.idempotency = a_claim("fan-out", true);
    return accept(std::move(request));
  };
  const auto first = merged("ada@example.org");
  ASSERT_TRUE(first);
  const queue_id id = first->message.id();
  close();
  erase_row(family::recipient, embedded::key_of(first->added.at(0).key));
  erase_row(family::body, id.view());
  open();
  ASSERT_TRUE(merged("bob@example.org"));
  const auto loaded = store_->load_message(id);
  ASSERT_TRUE(loaded);
  ASSERT_TRUE(loaded->content);
  EXPECT_EQ(*loaded->content, a_body(300, 'm'));
}

// The message is in the committer's cache, as everything is that came not long ago.
TEST_F(damage_test, a_repetition_brings_again_what_was_damaged_under_a_running_gateway) {
  open();
  const auto keyed = [&] {
    accept_request request = a_message({"ada@example.org"}, a_body(9'000, 'k'));
    request.idempotency = a_claim("running", false);
    return request;
  };
  const auto first = accept(keyed());
  ASSERT_TRUE(first);
  EXPECT_TRUE(accept(keyed())->restored.empty());
  std::string& segment = disk_->find(disk_->files_like(".seg").back())->bytes;
  segment[segment.size() - 4'000] = static_cast<char>(segment[segment.size() - 4'000] ^ 1);
  ASSERT_TRUE(store_->load_message(first->message.id()).error().is(errc::corrupt));
  EXPECT_EQ(accept(keyed())->restored.size(), 1U);
  const auto loaded = store_->load_message(first->message.id());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded->content, a_body(9'000, 'k'));
}

TEST_F(damage_test, a_repetition_brings_a_damaged_row_again) {
  for (const family which : {family::message, family::body}) {
    const queue_id damaged = ids_seen_[which == family::body ? 1 : 13];  // one of each round has a key
    const std::string key = which == family::body ? "key-1" : "key-101";
    patch_row(which, damaged.view(), [](std::string& value) { value[5] = static_cast<char>(value[5] ^ 1); });
    open();
    EXPECT_TRUE(store_->load_message(damaged).error().is(errc::corrupt));
    accept_request request = a_message({"ada@example.org", "bob@example.org"}, a_body(300, 'b'));
    request.idempotency = a_claim(key, true);
    const auto again = accept(std::move(request));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->message.duplicate());
    EXPECT_EQ(again->message.id(), damaged);
    ASSERT_EQ(again->restored.size(), 2U);
    EXPECT_TRUE(again->restored[0].has_intent);
    EXPECT_EQ(again->restored[1].at.key, (recipient_key{damaged, 1}));
    EXPECT_FALSE(again->restored[1].has_intent);
    const auto loaded = store_->load_message(damaged);
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->message.recipients, 2U);
    ASSERT_TRUE(loaded->content);
    EXPECT_EQ(*loaded->content, a_body(300, 'b'));
    close();
  }
  EXPECT_TRUE(check_spool(tool())->is_sound());
}

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* given = std::getenv(variable);
  return given == nullptr ? otherwise : parse_decimal(given).value_or(otherwise);
}

// One byte of any file. It is told, or it carried nothing: then everything reads as before.
// STELLWERK_DAMAGED_BYTES=10000 is the long form.
TEST_F(damage_test, every_single_damaged_byte_is_told_or_carried_nothing) {
  const auto whole = dump();
  ASSERT_TRUE(whole);
  const auto paths = files();
  std::uint64_t bytes = 0;
  for (const std::string& path : paths) bytes += disk_->find(path)->bytes.size();
  const std::uint64_t wanted = number_from("STELLWERK_DAMAGED_BYTES", 200);
  const std::uint64_t seed = number_from("STELLWERK_DAMAGE_SEED", 20);
  seeded_random chance{seed};
  std::uint64_t told = 0;
  std::uint64_t aborted = 0;
  std::map<std::string, std::uint64_t> harmless;
  for (std::uint64_t i = 0; i < wanted; ++i) {
    std::uint64_t at = chance.below(bytes);
    std::size_t file = 0;
    while (at >= disk_->find(paths[file])->bytes.size()) at -= disk_->find(paths[file++])->bytes.size();
    char& byte = disk_->find(paths[file])->bytes[at];
    const char before = byte;
    byte = static_cast<char>(byte ^ static_cast<char>(1 + chance.below(255)));
    const verdict seen = check_apart();
    told += seen == verdict::sound ? 0 : 1;
    aborted += seen == verdict::aborted ? 1 : 0;
    if (seen == verdict::sound) {
      const auto now = dump();
      ASSERT_TRUE(now);
      EXPECT_EQ(*now, *whole) << paths[file] << " at " << at << ", seed " << seed;
      ++harmless[paths[file].substr(paths[file].rfind('.') + 1)];
    }
    byte = before;
  }
  RecordProperty("damaged", static_cast<int>(wanted));
  RecordProperty("told", static_cast<int>(told));
  std::printf("of %llu damaged bytes %llu were told (%llu by RocksDB's own assertion), seed %llu",
              static_cast<unsigned long long>(wanted), static_cast<unsigned long long>(told),
              static_cast<unsigned long long>(aborted), static_cast<unsigned long long>(seed));
  for (const auto& [kind, count] : harmless)
    std::printf(", %llu in %s carried nothing", static_cast<unsigned long long>(count), kind.c_str());
  std::printf("\n");
  EXPECT_TRUE(check_spool(tool())->is_sound());
}

// A cut, a zeroed page, an empty file. Only the end of the log that is being written may go unnoticed: it looks like
// the crash that it may have been. Even then nothing is changed, only missing.
TEST_F(damage_test, cut_zeroed_and_emptied_files_are_told) {
  const auto whole = dump();
  ASSERT_TRUE(whole);
  for (const std::string& path : files()) {
    const std::string kept = disk_->find(path)->bytes;
    std::vector<std::pair<std::string, std::string>> damaged{{"empty", ""}};
    for (std::size_t at = 512; at < kept.size(); at += std::max<std::size_t>(512, kept.size() / 40 / 512 * 512)) {
      damaged.emplace_back("cut at " + std::to_string(at), kept.substr(0, at));
      std::string zeroed = kept;
      const std::size_t end = std::min(at + 4096, kept.size());
      std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(at), zeroed.begin() + static_cast<std::ptrdiff_t>(end),
                '\0');
      if (zeroed != kept) damaged.emplace_back("zeroed from " + std::to_string(at), zeroed);
    }
    for (const auto& [name, bytes] : damaged) {
      disk_->find(path)->bytes = bytes;
      const auto report = check_spool(tool());
      if (!report || !report->is_sound()) continue;
      const bool is_log = path.ends_with(".log") || path.find("/MANIFEST-") != std::string::npos;
      const auto now = dump();
      ASSERT_TRUE(now);
      for (const auto& [id, text] : *now) {
        const bool is_gone = is_log && text.starts_with("spool.load_message");
        EXPECT_TRUE(is_gone || text == whole->at(id) || is_log) << path << " " << name;
        EXPECT_TRUE(is_gone || text.substr(0, 20) == whole->at(id).substr(0, 20)) << path << " " << name;
      }
    }
    disk_->find(path)->bytes = kept;
  }
  EXPECT_TRUE(check_spool(tool())->is_sound());
}

// Where the records of a log begin, but for those that go over the end of a block.
std::vector<std::size_t> records_of(std::string_view log) {
  constexpr std::size_t block_size = 32'768;
  constexpr std::size_t header_size = 7;
  std::vector<std::size_t> out;
  for (std::size_t at = 0; at + header_size <= log.size();) {
    if (block_size - at % block_size < header_size) {
      at += block_size - at % block_size;
      continue;
    }
    out.push_back(at);
    at += header_size + static_cast<std::uint8_t>(log[at + 4]) + 256U * static_cast<std::uint8_t>(log[at + 5]);
  }
  return out;
}

// One turned bit of a type makes a record one of a recycled log, where RocksDB ends without a word whatever is behind.
TEST_F(damage_test, a_record_that_seems_to_be_of_a_recycled_log_is_told) {
  std::size_t turned = 0;
  for (const std::string& path : files()) {
    if (!path.ends_with(".log") && path.find("/MANIFEST-") == std::string::npos) continue;
    std::string& log = disk_->find(path)->bytes;
    for (const std::size_t at : records_of(log)) {
      char& type = log[at + 6];
      if (type > 3) continue;
      type ^= 4;
      EXPECT_NE(check_apart(), verdict::sound) << path << " at " << at << " of " << log.size();
      type ^= 4;
      ++turned;
    }
  }
  EXPECT_GT(turned, 50U);
  EXPECT_TRUE(check_spool(tool())->is_sound());
}

// An older log that is not read any more, but whose name is still there, has no say.
TEST_F(damage_test, a_torn_commit_is_dropped_also_beside_an_old_log_that_ended_in_one) {
  const auto whole = dump();
  ASSERT_TRUE(whole);
  const auto logs = disk_->files_like(".log");
  ASSERT_EQ(logs.size(), 1U);
  std::string& log = disk_->find(logs[0])->bytes;
  log += std::string{"\x12\x34\x56\x78\x40\x06\x01", 7} + std::string(1200, '\0') + std::string(400, 'x');
  ASSERT_TRUE(check_spool(tool()));
  EXPECT_EQ(*dump(), *whole);
  const std::string path = logs[0].substr(0, logs[0].rfind('/')) + "/000002.log";
  ASSERT_TRUE(disk_->files().open_append(path));
  disk_->find(path)->bytes = log;
  const auto report = check_spool(tool());
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->is_sound());
  EXPECT_EQ(*dump(), *whole);
  open();
  EXPECT_TRUE(accept(a_message()));
}

// RocksDB looks for nothing behind a header of zeros but in the next block, and where a record begins with that one, it
// would go on as if nothing were missing. And what ends a log without a word ends it in any block.
TEST(log_tail, what_rocksdb_would_pass_over_is_told_in_any_block) {
  constexpr std::size_t block_size = 32'768;
  simulated_disk disk;
  embedded::state_options options;
  options.directory = "/state";
  options.env = &disk.env();
  options.history_retention = std::chrono::hours{24};
  std::vector<std::size_t> begins;
  const auto log = [&]() -> std::string& { return disk.find(disk.files_like(".log").back())->bytes; };
  {
    const auto state = embedded::state_db::open(options);
    ASSERT_TRUE(state);
    const auto commit = [&](std::size_t size) {
      begins.push_back(log().size());
      embedded::state_batch batch{**state};
      batch.put(family::meta, "note/" + std::to_string(100 + begins.size()), std::string(size, 'v'));
      ASSERT_TRUE((*state)->write(batch));
    };
    commit(10'000);
    const std::size_t overhead = log().size() - 10'000;
    commit(10'000);
    commit(block_size - log().size() - overhead);
    for (int i = 0; i < 25; ++i) commit(2'000);
    ASSERT_EQ(begins[3], block_size);
  }
  options.read_only = true;
  for (const std::size_t record : {0U, 1U, 2U, 3U, 27U}) {
    const std::string whole = log();
    log()[begins[record] + 6] ^= 4;
    EXPECT_TRUE(embedded::state_db::open(options).error().is(errc::corrupt)) << record;
    log() = whole;
    if (record == 27U) continue;  // a torn commit
    log().replace(begins[record], begins[record + 1] - begins[record], begins[record + 1] - begins[record], '\0');
    EXPECT_TRUE(embedded::state_db::open(options).error().is(errc::corrupt)) << record;
    log() = whole;
    EXPECT_TRUE(embedded::state_db::open(options));
  }
}

std::uint32_t log_checksum(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char byte : bytes) {
    crc ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? crc >> 1 ^ 0x82f63b78U : crc >> 1;
  }
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

std::string a_log_record(std::uint8_t type, const std::string& payload) {
  const std::string body = static_cast<char>(type) + payload;
  const std::uint32_t checksum = log_checksum(body);
  std::string out;
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(checksum >> shift);
  out += static_cast<char>(payload.size());
  out += static_cast<char>(payload.size() >> 8);
  return out + body;
}

// A record as RocksDB writes it: crc32c("\x01" "a"), masked, length 1, type full, "a". 64 of them are a sector.
std::string a_log_record() { return std::string{"\xb5\xcd\x0b\xa2", 4} + std::string{"\x01\x00\x01", 3} + "a"; }

TEST(log_tail, a_torn_record_is_a_crash_and_a_record_behind_it_is_damage) {
  const std::string record = a_log_record();
  EXPECT_FALSE(embedded::has_damaged_tail(""));
  EXPECT_FALSE(embedded::has_damaged_tail(record + record));
  EXPECT_FALSE(embedded::has_damaged_tail(record + record.substr(0, 5)));
  EXPECT_FALSE(embedded::has_damaged_tail(record + std::string(4000, '\0')));
  EXPECT_FALSE(embedded::has_damaged_tail(record + std::string{"\x12\x34\x56\x78\x40\x00\x01zz", 9}));
  std::string longer = record;
  longer[4] = 90;
  EXPECT_TRUE(embedded::has_damaged_tail(record + longer));
  EXPECT_TRUE(embedded::has_damaged_tail(record + longer + record));
}

TEST(log_tail, a_commit_with_a_sector_that_was_never_written_is_torn_unless_another_commit_is_behind_it) {
  std::string sectors;
  while (sectors.size() < 1024) sectors += a_log_record();
  const std::string hole(512, '\0');
  EXPECT_EQ(embedded::torn_commit_in(sectors), std::nullopt);
  EXPECT_EQ(embedded::torn_commit_in(sectors + hole), 1024U);
  EXPECT_EQ(embedded::torn_commit_in(sectors + hole + "the end of a commit"), 1024U);
  EXPECT_EQ(embedded::torn_commit_in(sectors + hole + sectors), std::nullopt);
  EXPECT_EQ(embedded::torn_commit_in(sectors + hole + "the end of a commit" + a_log_record()), std::nullopt);
  EXPECT_EQ(embedded::torn_commit_in(sectors + hole + std::string(32'768, '\0') + sectors), std::nullopt);
  std::string flipped = sectors;
  flipped.back() ^= 1;
  EXPECT_EQ(embedded::torn_commit_in(flipped), std::nullopt);
}

// Whoever sends mail may write into it what looks like a record of the log, though without NUL.
TEST_F(damage_test, a_record_within_the_mail_of_a_torn_commit_is_no_damage) {
  const std::string text = a_log_record(1, std::string(257, 't'));
  ASSERT_EQ(text.find('\0'), std::string::npos);
  const auto whole = dump();
  ASSERT_TRUE(whole);
  open();
  ASSERT_TRUE(accept(a_message({"ada@example.org"}, "Subject: x\r\n\r\n" + text + a_body(1500))));
  close();
  std::string& log = disk_->find(disk_->files_like(".log").back())->bytes;
  const std::size_t at = log.find(text);
  ASSERT_NE(at, std::string::npos);
  const std::string kept = log;
  log.resize(at + text.size() + 100);
  ASSERT_TRUE(check_spool(tool()));
  EXPECT_EQ(*dump(), *whole);
  log = kept;
  log.replace(at + text.size(), 1200, 1200, '\0');
  ASSERT_TRUE(check_spool(tool()));
  EXPECT_EQ(*dump(), *whole);
  log = kept;
  log.replace(at - 50, 40, 40, 'x');
  EXPECT_TRUE(check_spool(tool()).error().is(errc::corrupt));
}

// Not everything that reads as zeros is a hole.
TEST(log_tail, a_turned_bit_in_the_last_commit_is_damage_wherever_zeros_are) {
  constexpr std::uint8_t full = 1;
  constexpr std::uint8_t first = 2;
  constexpr std::uint8_t last = 4;
  // The commit begins in the last byte of a sector, and its checksum with a zero.
  std::string commit;
  for (int i = 0; commit.empty() || commit[0] != '\0'; ++i)
    commit = a_log_record(full, std::string(600, 'c') + std::to_string(i));
  const std::string before = a_log_record(full, std::string(511 - 7, 'b'));
  std::string torn = before + commit;
  EXPECT_EQ(embedded::torn_commit_in(torn), std::nullopt);
  torn.back() ^= 1;
  EXPECT_EQ(embedded::torn_commit_in(torn), std::nullopt);
  // What was torn off there is only that byte.
  for (int i = 0; commit[0] == '\0' || i < 2; ++i)
    commit = a_log_record(full, std::string(600, 'c') + std::to_string(i));
  commit[0] = '\0';
  EXPECT_EQ(embedded::torn_commit_in(before + commit), before.size());
  // Zeros in a record that is whole.
  const std::string begin = a_log_record(first, std::string(32'768 - 7, '\0'));
  std::string end = a_log_record(last, std::string(3000, 'e'));
  EXPECT_EQ(embedded::torn_commit_in(begin + end), std::nullopt);
  end.back() ^= 1;
  EXPECT_EQ(embedded::torn_commit_in(begin + end), std::nullopt);
  std::fill(end.begin() + 512, end.begin() + 1024, '\0');
  EXPECT_EQ(embedded::torn_commit_in(begin + end), 0U);
  // Zeros behind the commit: pages of the next, which never came.
  std::string flipped = a_log_record(full, std::string(3000, 'f'));
  flipped[20] ^= 1;
  EXPECT_EQ(embedded::torn_commit_in(flipped + std::string(8192, '\0')), std::nullopt);
}

TEST(log_tail, torn_commits_at_the_edges_of_blocks) {
  constexpr std::uint8_t full = 1;
  constexpr std::uint8_t first = 2;
  constexpr std::uint8_t last = 4;
  // A commit of exactly a block.
  const std::string before = a_log_record(full, std::string(32'768 - 7, 'b'));
  const std::string block = a_log_record(full, std::string(32'768 - 7, 'c'));
  for (std::size_t at = 0; at < block.size(); at += 512) {
    std::string torn = block;
    torn.replace(at, 512, 512, '\0');
    EXPECT_EQ(embedded::torn_commit_in(before + torn), before.size()) << at;
    EXPECT_EQ(embedded::torn_commit_in(before + torn + a_log_record(full, "acknowledged")), std::nullopt) << at;
    EXPECT_EQ(embedded::torn_commit_in(torn + block), std::nullopt) << at;
  }
  // A commit over two blocks, every sector of it.
  const std::string some = a_log_record(full, std::string(30'000, 'b'));
  const std::string head = a_log_record(first, std::string(32'768 - 7 - some.size(), 'c'));
  const std::string commit = head + a_log_record(last, std::string(5000, 'd'));
  for (std::size_t from = some.size(); from < some.size() + commit.size();) {
    const std::size_t to = std::min((from / 512 + 1) * 512, some.size() + commit.size());
    std::string torn = some + commit;
    torn.replace(from, to - from, to - from, '\0');
    EXPECT_EQ(embedded::torn_commit_in(torn), some.size()) << from;
    from = to;
  }
}

}  // namespace
}  // namespace stellwerk::spool
