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

}  // namespace
}  // namespace stellwerk::spool
