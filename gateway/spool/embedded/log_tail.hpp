// log_tail: tells a torn tail of RocksDB's logs (a crash, nobody was told) from a damaged one (records that were
// acknowledged lie in it). RocksDB reads a record whose length byte was flipped, near the end of a log, as the end of
// the log, and would drop what follows without a word.
//
// A tail is damaged when a whole record with a valid checksum stands in it, or when its last record is whole but for
// the length in its header. A commit is one record and is synced before the next, so a torn tail holds no other.
// Layout: 32 KiB blocks of records `crc32c:u32le length:u16le type:u8 payload`. Reads only.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "gateway/spool/embedded/state_db.hpp"

namespace stellwerk::spool::embedded {

// Of every write-ahead log of the state and of its manifests. errc::corrupt: one is damaged.
[[nodiscard]] result<void> check_log_tails(const state_options& options);

[[nodiscard]] bool has_damaged_tail(std::string_view last_block);

}  // namespace stellwerk::spool::embedded
