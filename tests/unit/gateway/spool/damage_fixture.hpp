// A store with mail of every kind on a simulated disk, and ways to damage it while nobody has it open.
#pragma once

#include <rocksdb/db.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/spool/embedded/closed_store.hpp"
#include "gateway/spool/embedded/state_options.hpp"
#include "gateway/spool/embedded/state_reader.hpp"
#include "gateway/spool/spool_tools.hpp"
#include "tests/support/simulated_disk.hpp"
#include "tests/unit/gateway/spool/store_fixture.hpp"

namespace stellwerk::spool {

class damage_fixture : public store_fixture {
 protected:
  void SetUp() override {
    disk_ = std::make_unique<simulated_disk>();
    options_.files = &disk_->files();
    options_.env = &disk_->env();
    config_.segment_bytes = 60'000;
    fill();
  }
  void TearDown() override { close(); }

  [[nodiscard]] tool_options tool() { return {config_, time_, log_, &disk_->files(), &disk_->env()}; }

  // Small and large bodies, finished, held and deferred recipients, an intent, keys; a part in tables, a part in the
  // log.
  void fill() {
    using mail::recipient_state;
    for (int round = 0; round < 2; ++round) {
      open();
      for (int i = 0; i < 12; ++i) {
        accept_request request = a_message({"ada@example.org", "bob@example.org"},
                                           a_body(i % 3 == 0 ? 9'000 : 300, static_cast<char>('a' + i)));
        request.new_lanes.push_back({1, mail::traffic_stream::transactional, "acme", {"onprem", "mailjet"}, true});
        request.ledger.push_back({0, "acme", "accepted"});
        if (i % 4 == 1) {
          request.idempotency = a_claim("key-" + std::to_string(round * 100 + i), true);
          request.message.idempotency_key = request.idempotency->key;
        }
        const auto answer = accept(std::move(request));
        ASSERT_TRUE(answer);
        const recipient_row& first = answer->added.at(0);
        if (i % 4 == 0) {
          ASSERT_TRUE(change(first, with_state(first, recipient_state::delivered)));
        }
        if (i % 4 == 1) {
          ASSERT_TRUE(change(first, with_intent(first)));
        }
        if (i % 4 == 2) {
          ASSERT_TRUE(change(first, with_state(first, recipient_state::held)));
        }
        if (i == 5) {
          ASSERT_TRUE(change(answer->added.at(1), with_state(answer->added.at(1), recipient_state::bounced)));
        }
        ids_seen_.push_back(answer->message.id());
      }
      close();  // the next start makes tables of the log
    }
  }

  // Everything that can be read, as one text per message. Reads only.
  [[nodiscard]] result<std::map<queue_id, std::string>> dump() {
    const auto store = embedded::open_closed(tool());
    if (!store) return store.error();
    const embedded::state_reader reader{*store->db, *store->segments, log_, {}};
    std::map<queue_id, std::string> out;
    for (const queue_id& id : ids_seen_) {
      const auto loaded = reader.load_message(id);
      const auto rows = reader.load_recipients(id);
      std::string& text = out[id];
      text =
          loaded ? loaded->message.reverse_path + (loaded->content ? *loaded->content : "") : loaded.error().message();
      if (!rows) continue;
      for (const recipient_row& row : *rows) {
        text += "\n" + row.address + " " + std::string{to_string(row.state)} + " " + std::to_string(row.lane) +
                (row.intent ? " intent" : "");
      }
    }
    return out;
  }

  // The files whose bytes matter: not the log for people, not what nobody reads.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> out;
    for (const std::string& path : disk_->files_like("/")) {
      const std::string name = path.substr(path.rfind('/') + 1);
      const bool matters = name.ends_with(".seg") || name.ends_with(".log") || name.ends_with(".sst") ||
                           name.starts_with("MANIFEST-") || name == "CURRENT";
      if (matters && !disk_->find(path)->bytes.empty()) out.push_back(path);
    }
    return out;
  }

  // Rewrites one value in RocksDB as it is, seal and all.
  void patch_row(embedded::family which, std::string_view key, const std::function<void(std::string&)>& damage) {
    with_database([&](rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families) {
      rocksdb::ColumnFamilyHandle* family = families[static_cast<std::size_t>(which)];
      std::string value;
      ASSERT_TRUE(db.Get({}, family, key, &value).ok());
      damage(value);
      rocksdb::WriteOptions durable;
      durable.sync = true;
      ASSERT_TRUE(db.Put(durable, family, key, value).ok());
    });
  }
  void erase_row(embedded::family which, std::string_view key) {
    with_database([&](rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families) {
      rocksdb::WriteOptions durable;
      durable.sync = true;
      ASSERT_TRUE(db.Delete(durable, families[static_cast<std::size_t>(which)], key).ok());
    });
  }
  [[nodiscard]] std::vector<std::string> keys_of(embedded::family which) {
    std::vector<std::string> out;
    with_database([&](rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families) {
      rocksdb::ReadOptions read;
      read.total_order_seek = true;
      const std::unique_ptr<rocksdb::Iterator> at{db.NewIterator(read, families[static_cast<std::size_t>(which)])};
      for (at->SeekToFirst(); at->Valid(); at->Next()) out.push_back(at->key().ToString());
    });
    return out;
  }

  // As it was left, opened with its families in order.
  void with_database(const std::function<void(rocksdb::DB&, const std::vector<rocksdb::ColumnFamilyHandle*>&)>& work) {
    embedded::state_options state = embedded::state_options_of(tool());
    const embedded::state_memory memory = embedded::make_state_memory();
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (std::size_t i = 0; i < embedded::family_count; ++i) {
      const auto which = static_cast<embedded::family>(i);
      families.emplace_back(embedded::name_of(which), embedded::family_options(which, state, memory));
    }
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(
        rocksdb::DB::Open(embedded::database_options(state, memory), state.directory, families, &handles, &raw).ok());
    const std::unique_ptr<rocksdb::DB> db{raw};
    work(*db, handles);
    for (rocksdb::ColumnFamilyHandle* one : handles) db->DestroyColumnFamilyHandle(one);
    ASSERT_TRUE(db->Close().ok());
  }

  std::unique_ptr<simulated_disk> disk_;
  std::vector<queue_id> ids_seen_;
};

}  // namespace stellwerk::spool
