// What the store counts. Thread rule: handles are copyable; see base/metric.hpp.
#pragma once

#include "base/metric.hpp"

namespace stellwerk::spool {

struct spool_metrics {
  histogram commit_seconds;    // one group commit: body sync and state sync
  histogram batch_operations;  // requests in one group commit
  counter commits;
  counter operations;          // requests committed
  counter refused_operations;  // answered without being stored: conflicts, other content, full, failed
  counter store_errors;        // failed writes and syncs
  counter corrupt_records;     // values and bodies whose checksum did not hold when they were read
  counter segments_removed;
  counter copied_bytes;  // live bodies moved out of sparse segments
  counter expired_keys;  // idempotency keys past their time
  gauge writable;        // 0 or 1
  gauge state_bytes;
  gauge body_bytes;
  gauge body_live_bytes;
};

}  // namespace stellwerk::spool
