// Repair and archives: what can be read is carried over whole, what cannot is named, and nothing is invented.
#include "tests/unit/gateway/spool/damage_fixture.hpp"

namespace stellwerk::spool {
namespace {

using embedded::family;
using mail::recipient_state;

class salvage_test : public damage_fixture {
 protected:
  // Repairs and expects everything but `missing` as it was, in a store that is sound again.
  void expect_repaired(const std::map<queue_id, std::string>& whole, const std::set<queue_id>& missing) {
    const auto report = repair_spool(tool());
    ASSERT_TRUE(report) << report.error().message();
    std::set<std::string> named;
    for (const missing_mail& one : report->missing) named.insert(one.queue_id);
    for (const queue_id& id : missing) EXPECT_TRUE(named.contains(id.to_string()));
    EXPECT_EQ(named.size(), missing.size());
    const auto check = check_spool(tool());
    ASSERT_TRUE(check) << check.error().message();
    for (const spool_fault& one : check->listed) ADD_FAILURE() << one.what << " " << one.family << " " << one.subject;
    const auto now = dump();
    ASSERT_TRUE(now);
    for (const auto& [id, text] : whole) {
      if (!missing.contains(id)) {
        EXPECT_EQ(now->at(id), text) << id.to_string();
      }
    }
    open();
    EXPECT_TRUE(accept(a_message({"new@example.org"}, a_body(20'000))));
    close();
  }

  // Swaps to an empty disk; the archive moves along.
  void use_another_store(const std::string& archive) {
    const std::string bytes = disk_->find(archive)->bytes;
    disk_ = std::make_unique<simulated_disk>();
    options_.files = &disk_->files();
    options_.env = &disk_->env();
    put_file(archive, bytes);
  }
  void put_file(const std::string& path, const std::string& bytes) {
    ASSERT_TRUE(disk_->files().remove(path));
    const auto file = disk_->files().open_append(path);
    ASSERT_TRUE(file);
    const std::vector<std::string_view> pieces{bytes};
    ASSERT_TRUE((*file)->append(pieces));
  }
};

TEST_F(salvage_test, a_sound_store_comes_through_a_repair_as_it_was) {
  expect_repaired(*dump(), {});
  EXPECT_FALSE(disk_->files_like("state.damaged-").empty());
}

// RocksDB never gets past a record of a log that seems to be recycled when it is to skip what is damaged.
TEST_F(salvage_test, a_record_whose_type_was_damaged_is_read_again) {
  const auto whole = *dump();
  const auto logs = disk_->files_like(".log");
  ASSERT_EQ(logs.size(), 1U);
  disk_->find(logs[0])->bytes[6] ^= 4;
  EXPECT_TRUE(check_spool(tool()).error().is(errc::corrupt));
  expect_repaired(whole, {});
}

TEST_F(salvage_test, a_record_whose_type_was_damaged_is_read_again_also_without_the_list_of_files) {
  const auto whole = *dump();
  disk_->find(disk_->files_like(".log").back())->bytes[6] ^= 4;
  disk_->find(disk_->files_like("/MANIFEST-").back())->bytes[7] ^= 1;
  expect_repaired(whole, {});
}

TEST_F(salvage_test, lost_indexes_and_accounts_are_made_anew) {
  const auto whole = *dump();
  for (const family which : {family::due, family::intent, family::segment, family::idempotency_expiry}) {
    for (const std::string& key : keys_of(which)) erase_row(which, key);
  }
  erase_row(family::meta, embedded::totals_key);
  expect_repaired(whole, {});
}

TEST_F(salvage_test, a_body_whose_place_is_lost_is_found_by_its_record) {
  const auto whole = *dump();
  const queue_id large = ids_seen_[3];  // above inline_body_max
  erase_row(family::body, large.view());
  expect_repaired(whole, {});
}

TEST_F(salvage_test, a_message_whose_content_is_lost_ends_visibly) {
  const auto whole = *dump();
  const queue_id small = ids_seen_[2];
  erase_row(family::body, small.view());
  expect_repaired(whole, {small});
  open();
  const auto rows = store_->load_recipients(small);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2U);
  for (const recipient_row& row : *rows) EXPECT_EQ(row.state, recipient_state::dead_lettered);
}

TEST_F(salvage_test, a_lost_message_names_its_recipients_and_frees_its_key) {
  const auto whole = *dump();
  const queue_id keyed = ids_seen_[9];
  patch_row(family::message, keyed.view(), [](std::string& value) { value[3] = static_cast<char>(value[3] ^ 8); });
  const auto report = repair_spool(tool());
  ASSERT_TRUE(report);
  ASSERT_EQ(report->missing.size(), 1U);
  EXPECT_EQ(report->missing[0].queue_id, keyed.to_string());
  EXPECT_EQ(report->missing[0].reason, "message_lost");
  EXPECT_EQ(report->missing[0].recipients, (std::vector<std::string>{"ada@example.org", "bob@example.org"}));
  open();
  accept_request again = a_message({"ada@example.org", "bob@example.org"});
  again.idempotency = a_claim("key-9", true);
  const auto answer = accept(std::move(again));
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->message.duplicate());
}

TEST_F(salvage_test, mail_of_a_lost_lane_is_due_in_a_lane_without_candidates) {
  erase_row(family::lane, keys_of(family::lane).at(0));
  expect_repaired(*dump(), {});
  open();
  ASSERT_FALSE(store_->lanes().empty());
  EXPECT_TRUE(store_->lanes()[0].candidates.empty());
  EXPECT_GT(due_in_lane(1), 0U);
}

// Any damage to one file of the state: the store opens again, what it still has is as it was, and what it misses is
// either named or lay in a stretch that is counted.
TEST_F(salvage_test, any_damaged_file_of_the_state_can_be_salvaged) {
  for (const std::string& path : files()) {
    if (path.find("/state/") == std::string::npos) continue;
    if (!disk_->find(path)) {
      continue;  // numbered otherwise this time
    }
    const auto whole = *dump();
    std::string& bytes = disk_->find(path)->bytes;
    for (std::size_t at = bytes.size() / 3; at < std::min(bytes.size(), bytes.size() / 3 + 40); ++at)
      bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    const auto report = repair_spool(tool());
    ASSERT_TRUE(report) << path << " " << report.error().message();
    const auto check = check_spool(tool());
    ASSERT_TRUE(check) << path << " " << check.error().message();
    EXPECT_TRUE(check->is_sound()) << path << (check->listed.empty() ? "" : " " + check->listed[0].what);
    const auto now = *dump();
    std::size_t kept = 0;
    for (const auto& [id, text] : whole) kept += now.at(id) == text ? 1 : 0;
    if (path.ends_with(".log") || path.ends_with(".sst")) {
      EXPECT_GE(kept + report->missing.size() + 12, whole.size()) << path;
    } else {
      EXPECT_EQ(kept, whole.size()) << path;
    }
    TearDown();
    ids_seen_.clear();
    SetUp();
  }
}

TEST_F(salvage_test, an_archive_carries_every_open_message_into_an_empty_store) {
  const auto whole = *dump();
  const auto out = export_spool(tool(), "/mail.archive");
  ASSERT_TRUE(out) << out.error().message();
  EXPECT_EQ(out->messages, 24U);
  EXPECT_TRUE(out->not_carried.empty());
  EXPECT_TRUE(export_spool(tool(), "/mail.archive").error().is(errc::already_exists));
  use_another_store("/mail.archive");
  const auto in = import_spool(tool(), "/mail.archive");
  ASSERT_TRUE(in) << in.error().message();
  EXPECT_EQ(in->messages, 24U);
  EXPECT_EQ(in->recipients, out->recipients);
  EXPECT_EQ(*dump(), whole);
  EXPECT_TRUE(check_spool(tool())->is_sound());
  const auto again = import_spool(tool(), "/mail.archive");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->messages, 0U);
  EXPECT_EQ(again->already_there, 24U);
  EXPECT_EQ(*dump(), whole);
  open();
  accept_request repeated = a_message({"ada@example.org", "bob@example.org"});
  repeated.idempotency = a_claim("key-1", true);
  EXPECT_TRUE(accept(std::move(repeated))->message.duplicate()) << "the key came along";
}

TEST_F(salvage_test, an_import_gives_lanes_the_numbers_of_its_own_store) {
  ASSERT_TRUE(export_spool(tool(), "/mail.archive"));
  use_another_store("/mail.archive");
  open();
  accept_request other = a_message({"eve@example.org"});
  other.new_lanes.push_back({1, mail::traffic_stream::marketing, "other", {"mailjet"}, false});
  ASSERT_TRUE(accept(std::move(other)));
  close();
  ASSERT_TRUE(import_spool(tool(), "/mail.archive"));
  open();
  EXPECT_EQ(store_->lanes().size(), 2U);
  EXPECT_EQ(due_in_lane(1), 1U);
  EXPECT_GT(due_in_lane(2), 10U);
}

TEST_F(salvage_test, a_cut_or_changed_archive_is_refused_and_what_came_before_is_kept_once) {
  ASSERT_TRUE(export_spool(tool(), "/mail.archive"));
  const std::string bytes = disk_->find("/mail.archive")->bytes;
  use_another_store("/mail.archive");
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, bytes.size() / 2, bytes.size() - 1}) {
    put_file("/mail.archive", bytes.substr(0, size));
    EXPECT_TRUE(import_spool(tool(), "/mail.archive").error().is(errc::corrupt)) << size;
  }
  std::string changed = bytes;
  changed[bytes.size() / 3] = static_cast<char>(changed[bytes.size() / 3] ^ 1);
  put_file("/mail.archive", changed);
  EXPECT_TRUE(import_spool(tool(), "/mail.archive").error().is(errc::corrupt));
  put_file("/mail.archive", bytes);
  const auto in = import_spool(tool(), "/mail.archive");
  ASSERT_TRUE(in);
  EXPECT_EQ(in->messages + in->already_there, 24U);
  EXPECT_TRUE(check_spool(tool())->is_sound());
}

TEST_F(salvage_test, an_export_leaves_out_what_cannot_be_read_and_names_it) {
  const queue_id damaged = ids_seen_[2];
  patch_row(family::body, damaged.view(), [](std::string& value) { value[9] = static_cast<char>(value[9] ^ 1); });
  const auto out = export_spool(tool(), "/mail.archive");
  ASSERT_TRUE(out);
  EXPECT_EQ(out->messages, 23U);
  ASSERT_EQ(out->not_carried.size(), 1U);
  EXPECT_EQ(out->not_carried[0].queue_id, damaged.to_string());
}

}  // namespace
}  // namespace stellwerk::spool
