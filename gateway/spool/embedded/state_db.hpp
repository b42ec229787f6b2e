// state_db: the state in RocksDB, seen as families of sealed values. Seals on write, checks on read; knows no rows.
//
// A failed sync is reported as errc::store_failed and never retried here; no space as errc::store_full, which `resume`
// tries to leave. Thread rule: `write` and `resume` from the committer only, everything else from any thread.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/metric.hpp"
#include "base/result.hpp"
#include "gateway/spool/embedded/keys.hpp"
#include "gateway/spool/embedded/state_files.hpp"
#include "gateway/spool/spool_config.hpp"

namespace stellwerk::spool::embedded {

class state_db;

// The writes of one group commit.
class state_batch {
 public:
  explicit state_batch(const state_db& db) : db_{db} {}
  void put(family which, std::string_view key, std::string value);  // seals
  void put_mark(family which, std::string_view key);                // the key is the fact
  void erase(family which, std::string_view key);
  [[nodiscard]] bool empty() const { return batch_.Count() == 0; }

 private:
  friend class state_db;
  const state_db& db_;
  rocksdb::WriteBatch batch_;
};

// A walk in key order over [from, until); an empty `until` means the end of the family.
class state_cursor {
 public:
  [[nodiscard]] bool valid() const { return it_->Valid(); }
  void next() { it_->Next(); }
  void seek(std::string_view key) { it_->Seek(key); }
  // A block of a table cannot be read: not valid, though this need not be the end.
  [[nodiscard]] bool is_damaged() const { return !it_->Valid() && it_->status().IsCorruption(); }
  [[nodiscard]] std::string_view key() const { return it_->key().ToStringView(); }
  [[nodiscard]] std::string_view sealed() const { return it_->value().ToStringView(); }
  // errc::corrupt: this value's seal does not hold; the walk can go on.
  [[nodiscard]] result<std::string_view> value() const;
  [[nodiscard]] result<void> status() const;  // after valid() is false: the end, or a fault of the store

 private:
  friend class state_db;
  family family_ = family::meta;
  counter* corrupt_ = nullptr;
  std::unique_ptr<std::string> until_;
  std::unique_ptr<rocksdb::Slice> until_slice_;  // RocksDB keeps a pointer to it
  std::unique_ptr<rocksdb::Iterator> it_;
};

enum class walk_scope { within_prefix, whole_family };

struct state_options {
  std::string directory;
  rocksdb::Env* env = nullptr;  // null: the default
  bool sync = true;
  bool read_only = false;  // writes nothing, not even a log of its own
  bool salvage = false;    // take what can be read: skip faults of the log, read blocks whose checksum does not hold
  duration history_retention{};
  std::uint64_t history_bytes_max = 0;
  counter corrupt_records;
  logger* log = nullptr;  // null: silent
};

class state_db {
 public:
  [[nodiscard]] static result<std::unique_ptr<state_db>> open(const state_options& options);
  ~state_db();
  state_db(const state_db&) = delete;
  state_db& operator=(const state_db&) = delete;

  [[nodiscard]] result<std::optional<std::string>> get(family which, std::string_view key) const;  // unsealed
  [[nodiscard]] result<bool> has(family which, std::string_view key) const;  // for families of marks
  [[nodiscard]] state_cursor walk(family which, std::string_view from, std::string_view until,
                                  walk_scope scope = walk_scope::whole_family) const;
  [[nodiscard]] result<void> write(state_batch& batch);
  // Leaves a full disk. errc::store_failed: the log whose write failed could not be left, and only a restart helps.
  [[nodiscard]] result<void> resume();
  [[nodiscard]] result<void> flush();
  [[nodiscard]] std::uint64_t bytes_on_disk() const;
  // Reads every block of every table and checks its checksum.
  [[nodiscard]] result<void> verify_tables() const;

 private:
  friend class state_batch;
  state_db() = default;
  struct attempt;
  [[nodiscard]] static attempt try_open(const state_options& options, shown_sizes shown);
  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(family which) const {
    return handles_[static_cast<std::size_t>(which)];
  }

  [[nodiscard]] error failed(const rocksdb::Status& status, const char* step) const;
  [[nodiscard]] std::uint64_t log_number() const;  // 0: cannot be told
  [[nodiscard]] result<void> have_a_change();

  std::optional<std::uint64_t> failed_log_;  // a write into it failed: it must not be written again
  bool sync_ = true;
  bool verify_blocks_ = true;
  logger* log_ = nullptr;
  mutable counter corrupt_;
  std::unique_ptr<rocksdb::Env> env_;  // outlives db_
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, family_count> handles_{};  // null: nothing of that family, see came_later()
  std::vector<rocksdb::ColumnFamilyHandle*> unknown_;                 // families of a newer version, carried along
};

[[nodiscard]] error to_error(const rocksdb::Status& status, const char* step);

}  // namespace stellwerk::spool::embedded
