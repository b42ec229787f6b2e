#include "gateway/spool/embedded/state_options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>

#include "base/planted_defect.hpp"

namespace stellwerk::spool::embedded {
namespace {

constexpr std::size_t block_cache_bytes = 64ULL << 20;
constexpr std::size_t write_buffers_bytes = 64ULL << 20;
constexpr std::size_t log_bytes_max = 96ULL << 20;  // what a restart replays at most
constexpr std::size_t id_size = 16;
constexpr std::size_t table_bytes = 8ULL << 20;
constexpr std::size_t queue_table_bytes = 2ULL << 20;
// Keys begin with a time-ordered id, a lane or a sequence: what is written now lies close to what was written last. The
// memtable remembers the place for each of these beginnings and searches on from there.
constexpr std::size_t insert_hint_size = 4;

bool has_compression(rocksdb::CompressionType wanted) {
  const auto supported = rocksdb::GetSupportedCompressions();
  return std::find(supported.begin(), supported.end(), wanted) != supported.end();
}

bool is_history(family which) {
  return which == family::history_message || which == family::history_recipient || which == family::ledger;
}

bool is_queue(family which) {
  return which == family::due || which == family::idempotency_expiry || which == family::intent;
}

bool starts_with_id(family which) {
  return which == family::recipient || which == family::history_recipient || which == family::intent;
}

// Without space RocksDB would go on by itself when there is some again, also behind a failed sync. The committer
// decides that.
class no_self_recovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*failure*/,
                            bool* goes_on) override {
    *goes_on = false;
  }
};

// Asks for the compaction of tables that are full of deletes, except of those that a flush made: a few of them are
// compacted together before long, and each on its own would take all of the next level along that lies between its
// first and last key, which in a queue of several lanes is all of it.
class compact_deletes final : public rocksdb::TablePropertiesCollectorFactory {
 public:
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(Context context) override {
    if (context.level_at_creation == 0) return new nothing_to_collect;
    return inner_->CreateTablePropertiesCollector(context);
  }
  [[nodiscard]] const char* Name() const override { return "stellwerk.compact_deletes"; }

 private:
  class nothing_to_collect final : public rocksdb::TablePropertiesCollector {
   public:
    rocksdb::Status AddUserKey(const rocksdb::Slice& /*key*/, const rocksdb::Slice& /*value*/,
                               rocksdb::EntryType /*type*/, rocksdb::SequenceNumber /*seq*/,
                               std::uint64_t /*file_size*/) override {
      return rocksdb::Status::OK();
    }
    rocksdb::Status Finish(rocksdb::UserCollectedProperties* /*properties*/) override { return rocksdb::Status::OK(); }
    [[nodiscard]] rocksdb::UserCollectedProperties GetReadableProperties() const override { return {}; }
    [[nodiscard]] const char* Name() const override { return "stellwerk.nothing_to_collect"; }
  };
  const std::shared_ptr<rocksdb::CompactOnDeletionCollectorFactory> inner_ =
      rocksdb::NewCompactOnDeletionCollectorFactory(1024, 256, 0.25);
};

class silent_log final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*values*/) override {}
};

void keep_as_history(rocksdb::ColumnFamilyOptions& out, family which, const state_options& options) {
  // Whole files fall off the end by age and by size: no deletes, no rewriting.
  out.compaction_style = rocksdb::kCompactionStyleFIFO;
  const std::uint64_t share = which == family::history_recipient ? 2 : 4;
  out.compaction_options_fifo.max_table_files_size =
      std::max<std::uint64_t>(options.history_bytes_max / share, 1U << 20);
  out.compaction_options_fifo.allow_compaction = true;  // joins small files, so that a look-up opens few
  const auto retention = std::chrono::duration_cast<std::chrono::seconds>(options.history_retention).count();
  out.ttl = static_cast<std::uint64_t>(std::max<long long>(retention, 1));
}

}  // namespace

state_memory make_state_memory() {
  state_memory memory;
  memory.block_cache = rocksdb::NewLRUCache(block_cache_bytes, 4);
  memory.write_buffers = std::make_shared<rocksdb::WriteBufferManager>(write_buffers_bytes);
  return memory;
}

rocksdb::DBOptions database_options(const state_options& options, const state_memory& memory) {
  rocksdb::DBOptions out;
  out.create_if_missing = !options.read_only;
  out.create_missing_column_families = !options.read_only;
  if (options.env != nullptr) out.env = options.env;
  // The default would silently drop acknowledged commits behind a fault in the middle of the log.
  out.wal_recovery_mode = options.salvage ? rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords
                                          : rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  if (planted(defect::default_log_recovery)) out.wal_recovery_mode = rocksdb::DBOptions{}.wal_recovery_mode;
  out.recycle_log_file_num = 0;  // recycled logs need the default recovery mode
  out.paranoid_checks = true;
  out.max_bgerror_resume_count = 0;  // a failed sync is never retried behind our back
  out.listeners.push_back(std::make_shared<no_self_recovery>());
  out.avoid_flush_during_shutdown = true;  // the log has everything, and a flush is nothing for a full disk
  out.wal_compression = rocksdb::kNoCompression;
  out.max_total_wal_size = log_bytes_max;
  out.write_buffer_manager = memory.write_buffers;
  out.max_open_files = -1;  // history by age needs them open; main asks for descriptors enough
  out.max_background_jobs = 2;
  out.bytes_per_sync = 1ULL << 20;  // flushes and compactions reach the disk in small steps, not under a commit's sync
  if (options.read_only) out.info_log = std::make_shared<silent_log>();  // a log file would be a write
  out.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  out.keep_log_file_num = 3;
  out.max_log_file_size = 4ULL << 20;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  out.enable_pipelined_write = false;
  out.allow_concurrent_memtable_write = false;  // one writer
  out.skip_stats_update_on_db_open = true;
  return out;
}

rocksdb::ColumnFamilyOptions family_options(family which, const state_options& options, const state_memory& memory) {
  rocksdb::ColumnFamilyOptions out;
  out.write_buffer_size = 32ULL << 20;
  out.arena_block_size = 256ULL << 10;  // fourteen idle memtables must not cost fourteen megabytes
  out.max_write_buffer_number = 3;
  out.compression = has_compression(rocksdb::kLZ4Compression) ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = memory.block_cache;
  table.cache_index_and_filter_blocks = true;  // inside the bound of the cache
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  // The filter of a large table is a megabyte: read whole, a handful of them would turn the cache over with every look.
  table.partition_filters = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.format_version = 5;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  if (which != family::idempotency) {  // keys that are hashes have no neighbours
    out.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(insert_hint_size));
  }
  if (starts_with_id(which)) out.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(id_size));
  // What comes and goes now is written at the end of a long queue, or beside it. A compaction takes whole tables of the
  // next level: small ones, so that it takes little of what only waits.
  out.target_file_size_base = is_queue(which) ? queue_table_bytes : table_bytes;
  out.target_file_size_multiplier = 2;  // with each level, so that a large store is not a thousand files
  if (is_queue(which)) {
    // The head is a field of deletes that every scan would walk over.
    out.table_properties_collector_factories.push_back(std::make_shared<compact_deletes>());
  }
  if (is_history(which)) keep_as_history(out, which, options);
  return out;
}

}  // namespace stellwerk::spool::embedded
