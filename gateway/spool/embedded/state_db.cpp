#include "gateway/spool/embedded/state_db.hpp"

#include <algorithm>

#include "base/planted_defect.hpp"
#include "gateway/spool/embedded/encoding.hpp"
#include "gateway/spool/embedded/log_tail.hpp"
#include "gateway/spool/embedded/state_files.hpp"
#include "gateway/spool/embedded/state_options.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::string_view no_row_key = "none";

std::uint8_t number_of(family which) { return static_cast<std::uint8_t>(which); }

// Families that an older version's store has not: made by the first start, absent where nothing may be written.
bool came_later(family which) { return which == family::suppression; }

// Ours first in the order of their numbers, then what a newer version left.
std::vector<rocksdb::ColumnFamilyDescriptor> descriptors_of(const state_options& options,
                                                            const rocksdb::DBOptions& database,
                                                            const state_memory& memory) {
  std::vector<rocksdb::ColumnFamilyDescriptor> out;
  for (std::size_t i = 0; i < family_count; ++i) {
    const auto which = static_cast<family>(i);
    out.emplace_back(name_of(which), family_options(which, options, memory));
  }
  std::vector<std::string> present;
  if (!rocksdb::DB::ListColumnFamilies(database, options.directory, &present).ok()) return out;  // a new store
  for (const std::string& name : present) {
    const auto same = [&name](const rocksdb::ColumnFamilyDescriptor& known) { return known.name == name; };
    if (std::none_of(out.begin(), out.end(), same)) {
      out.emplace_back(name, family_options(family::meta, options, memory));
    }
  }
  if (!options.read_only) return out;
  for (std::size_t i = family_count; i-- > 0;) {
    const char* name = name_of(static_cast<family>(i));
    const bool is_there = std::find(present.begin(), present.end(), name) != present.end();
    if (!is_there && came_later(static_cast<family>(i))) out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return out;
}

}  // namespace

error to_error(const rocksdb::Status& status, const char* step) {
  // "While fdatasync": whatever the reason of a failed sync, its pages may be gone, and RocksDB's writer is unusable.
  // Only its text tells a sync from a write.
  const bool is_sync = status.IsIOError() && status.ToString().find("sync") != std::string::npos;
  if (status.IsNoSpace() && !is_sync) return {errc::store_full, step};
  if (status.IsCorruption()) return {errc::corrupt, step};
  if (status.IsNotFound()) return {errc::not_found, step};
  return {errc::store_failed, step};
}

void state_batch::put(family which, std::string_view key, std::string value) {
  seal(value, number_of(which), key);
  batch_.Put(db_.handle(which), key, value);
}

void state_batch::put_mark(family which, std::string_view key) { batch_.Put(db_.handle(which), key, rocksdb::Slice{}); }

void state_batch::erase(family which, std::string_view key) { batch_.Delete(db_.handle(which), key); }

result<std::string_view> state_cursor::value() const {
  const auto value = unseal(it_->value().ToStringView(), number_of(family_), key());
  if (!value) {
    corrupt_->add();
    return error{errc::corrupt, "spool.read"};
  }
  return *value;
}

result<void> state_cursor::status() const {
  if (it_->status().ok()) return {};
  if (it_->status().IsCorruption()) corrupt_->add();
  return to_error(it_->status(), "spool.scan");
}

struct state_db::attempt {
  rocksdb::Status status;
  std::unique_ptr<rocksdb::Env> env;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  std::unique_ptr<rocksdb::DB> db;
};

state_db::attempt state_db::try_open(const state_options& options, shown_sizes shown) {
  const state_memory memory = make_state_memory();
  rocksdb::DBOptions database = database_options(options, memory);
  attempt out;
  out.env =
      make_state_files(*database.env, std::move(shown), options.salvage ? log_reading::mended : log_reading::as_it_is);
  database.env = out.env.get();
  out.descriptors = descriptors_of(options, database, memory);
  rocksdb::DB* raw = nullptr;
  out.status = options.read_only
                   ? rocksdb::DB::OpenForReadOnly(database, options.directory, out.descriptors, &out.handles, &raw)
                   : rocksdb::DB::Open(database, options.directory, out.descriptors, &out.handles, &raw);
  out.db.reset(raw);
  return out;
}

result<std::unique_ptr<state_db>> state_db::open(const state_options& options) {
  if (!options.salvage) {
    if (auto tails = check_log_tails(options); !tails) return tails.error();
  }
  attempt tried = try_open(options, {});
  if (tried.status.IsCorruption() && !options.salvage && !planted(defect::torn_commit_is_damage)) {
    auto torn = find_torn_commits(options);
    if (!torn) return torn.error();
    if (!torn->empty()) tried = try_open(options, std::move(*torn));
  }
  const rocksdb::Status& opened = tried.status;
  if (!opened.ok()) {
    if (options.log != nullptr) options.log->error("spool.state", {{"step", "open"}, {"status", opened.ToString()}});
    const bool is_held = opened.IsIOError() && opened.ToString().find("lock") != std::string::npos;
    return is_held ? error{errc::locked, "spool.open"} : to_error(opened, "spool.open");
  }
  std::unique_ptr<state_db> self{new state_db};
  self->env_ = std::move(tried.env);
  self->db_ = std::move(tried.db);
  self->sync_ = options.sync;
  self->verify_blocks_ = !options.salvage;
  self->log_ = options.log;
  self->corrupt_ = options.corrupt_records;
  std::size_t next = 0;
  for (std::size_t i = 0; i < family_count; ++i) {
    const bool is_there =
        next < tried.descriptors.size() && tried.descriptors[next].name == name_of(static_cast<family>(i));
    if (is_there) self->handles_[i] = tried.handles[next++];
  }
  self->unknown_.assign(tried.handles.begin() + static_cast<std::ptrdiff_t>(next), tried.handles.end());
  return self;
}

error state_db::failed(const rocksdb::Status& status, const char* step) const {
  if (log_ != nullptr) log_->error("spool.state", {{"step", step}, {"status", status.ToString()}});
  return to_error(status, step);
}

state_db::~state_db() {
  if (!db_) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle);
  }
  for (rocksdb::ColumnFamilyHandle* handle : unknown_) db_->DestroyColumnFamilyHandle(handle);
  db_->Close();
}

result<std::optional<std::string>> state_db::get(family which, std::string_view key) const {
  if (handle(which) == nullptr) return std::optional<std::string>{};
  std::string value;
  const rocksdb::Status got = db_->Get(rocksdb::ReadOptions{verify_blocks_, true}, handle(which), key, &value);
  if (got.IsNotFound()) return std::optional<std::string>{};
  if (!got.ok()) {
    if (got.IsCorruption()) corrupt_.add();
    return to_error(got, "spool.get");
  }
  const auto unsealed = unseal(value, number_of(which), key);
  if (!unsealed) {
    corrupt_.add();
    return error{errc::corrupt, "spool.get"};
  }
  value.resize(unsealed->size());
  return std::optional<std::string>{std::move(value)};
}

result<bool> state_db::has(family which, std::string_view key) const {
  std::string value;
  const rocksdb::Status got = db_->Get(rocksdb::ReadOptions{verify_blocks_, true}, handle(which), key, &value);
  if (got.IsNotFound()) return false;
  if (!got.ok()) return to_error(got, "spool.get");
  return true;
}

state_cursor state_db::walk(family which, std::string_view from, std::string_view until, walk_scope scope) const {
  state_cursor cursor;
  cursor.family_ = which;
  cursor.corrupt_ = &corrupt_;
  rocksdb::ReadOptions read{verify_blocks_, true};
  if (!until.empty()) {
    cursor.until_ = std::make_unique<std::string>(until);
    cursor.until_slice_ = std::make_unique<rocksdb::Slice>(*cursor.until_);
    read.iterate_upper_bound = cursor.until_slice_.get();
  }
  read.total_order_seek = scope == walk_scope::whole_family;
  cursor.it_.reset(handle(which) == nullptr ? rocksdb::NewEmptyIterator() : db_->NewIterator(read, handle(which)));
  cursor.it_->Seek(from);
  return cursor;
}

result<void> state_db::write(state_batch& batch) {
  if (auto changed = have_a_change(); !changed) return changed;
  rocksdb::WriteOptions options;
  options.sync = sync_ && !planted(defect::state_not_synced);
  const rocksdb::Status written = db_->Write(options, &batch.batch_);
  if (written.ok()) return {};
  failed_log_ = log_number();
  return failed(written, "spool.commit");
}

// RocksDB leaves a log together with the changes in memory. Where there are none (the first commit after a start, or
// after everything was flushed) it would go on behind the torn record of a full disk, and its writer ends the process
// by an assertion. So there is one always: in memory only, of a row that does not exist.
result<void> state_db::have_a_change() {
  std::uint64_t entries = 0;
  const bool is_told =
      db_->GetIntProperty(handle(family::meta), rocksdb::DB::Properties::kNumEntriesActiveMemTable, &entries);
  if (is_told && entries > 0) return {};
  rocksdb::WriteOptions in_memory;
  in_memory.disableWAL = true;
  const rocksdb::Status put = db_->Delete(in_memory, handle(family::meta), no_row_key);
  if (!put.ok()) return failed(put, "spool.commit");
  return {};
}

std::uint64_t state_db::log_number() const {
  std::unique_ptr<rocksdb::LogFile> log;
  return db_->GetCurrentWalFile(&log).ok() && log ? log->LogNumber() : 0;
}

result<void> state_db::resume() {
  const rocksdb::Status resumed = db_->Resume();
  if (!resumed.ok()) return failed(resumed, "spool.resume");
  if (!failed_log_) return {};
  const std::uint64_t now = log_number();
  if (now == 0 || now == *failed_log_) return error{errc::store_failed, "spool.resume"};
  failed_log_.reset();
  return {};
}

result<void> state_db::flush() {
  const rocksdb::Status flushed = db_->Flush(rocksdb::FlushOptions{}, {handles_.begin(), handles_.end()});
  if (!flushed.ok()) return failed(flushed, "spool.flush");
  return {};
}

result<void> state_db::verify_tables() const {
  const rocksdb::Status verified = db_->VerifyChecksum();
  if (!verified.ok()) return failed(verified, "spool.verify");
  return {};
}

std::uint64_t state_db::bytes_on_disk() const {
  std::uint64_t total = 0;
  for (rocksdb::ColumnFamilyHandle* family_handle : handles_) {
    if (family_handle == nullptr) continue;
    std::uint64_t tables = 0;
    std::uint64_t memory = 0;
    if (db_->GetIntProperty(family_handle, rocksdb::DB::Properties::kTotalSstFilesSize, &tables)) total += tables;
    // What lies in memory lies in the log too.
    if (db_->GetIntProperty(family_handle, rocksdb::DB::Properties::kCurSizeAllMemTables, &memory)) total += memory;
  }
  return total;
}

}  // namespace stellwerk::spool::embedded
