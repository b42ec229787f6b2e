// embedded_store: the default store, one data directory and one process. RocksDB holds the state, our own segment files
// the large bodies; FORMAT.md has the bytes, architecture section 6 the rules.
//
// With `committer_thread::own` the store commits by itself; with `none` somebody calls `run_once` (simulation, tests).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "gateway/spool/spool.hpp"
#include "gateway/spool/spool_config.hpp"
#include "gateway/spool/spool_metrics.hpp"

namespace rocksdb {
class Env;
}

namespace stellwerk::spool::embedded {

class file_system;

enum class committer_thread { own, none };

struct embedded_options {
  committer_thread thread = committer_thread::own;
  file_system* files = nullptr;  // null: the real one. Segments and the lock.
  rocksdb::Env* env = nullptr;   // null: the real one. RocksDB's files.
  // On the committer's thread; must only post.
  std::function<void(const store_health&)> on_health_change;
  std::function<void(std::uint64_t)> on_ledger;  // the last sequence, after it became durable
};

class embedded_store : public store {
 public:
  // Commits one batch and does due housekeeping; false if there was nothing to do. Only with committer_thread::none.
  virtual bool run_once() = 0;
};

// errc::locked: another process holds the directory; errc::corrupt: `stellwerk spool check --repair` can salvage it;
// errc::unsupported: written by a newer version. The clock and the logger outlive the store.
[[nodiscard]] result<std::unique_ptr<embedded_store>> open_embedded_store(const spool_config& config, const clock& time,
                                                                          logger& log, const spool_metrics& metrics,
                                                                          const embedded_options& options);

}  // namespace stellwerk::spool::embedded
