// How RocksDB is set up: durability first, bounded memory, few files. Reasons stand beside the settings.
#pragma once

#include <rocksdb/options.h>

#include "gateway/spool/embedded/keys.hpp"
#include "gateway/spool/embedded/state_db.hpp"

namespace stellwerk::spool::embedded {

// Shared by all families of one store.
struct state_memory {
  std::shared_ptr<rocksdb::Cache> block_cache;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers;
};
[[nodiscard]] state_memory make_state_memory();

[[nodiscard]] rocksdb::DBOptions database_options(const state_options& options, const state_memory& memory);
[[nodiscard]] rocksdb::ColumnFamilyOptions family_options(family which, const state_options& options,
                                                          const state_memory& memory);

}  // namespace stellwerk::spool::embedded
