// log_tail: tells a torn tail of RocksDB's logs (a crash, nobody was told) from a damaged one (records that were
// acknowledged lie in it). RocksDB reads a record whose length byte was flipped, near the end of a log, as the end of
// the log, and would drop what follows without a word; and takes a torn commit with a hole in it for damage, and does
// not open the store.
//
// It also takes a record whose type was damaged into one of a recycled log for the end of the log, in whatever block (a
// salvage never gets past it), and passes over the rest of a block where a header reads as zeros. Neither is written
// here: such a type is damage, and so is such a header with a commit behind it.
//
// A tail is damaged when a whole record with a valid checksum stands in it, or when its last record is whole but for
// the length in its header. A commit is one record and is synced before the next, so a torn tail holds no other.
// What may be mail within a record, however it looks, is none of these.
// A tail is torn when no commit begins behind the one that cannot be read, and a sector of the record at fault was
// never written: it reads as zeros. A turned bit leaves no such hole. Layout: 32 KiB blocks of records `crc32c:u32le
// length:u16le type:u8 payload`; a commit is one record of type full, or first, middle ..., last. Reads only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "gateway/spool/embedded/state_db.hpp"
#include "gateway/spool/embedded/state_files.hpp"

namespace stellwerk::spool::embedded {

// Of every write-ahead log of the state and of its manifest. errc::corrupt: one is damaged. Reads them whole.
[[nodiscard]] result<void> check_log_tails(const state_options& options);

[[nodiscard]] bool has_damaged_tail(std::string_view last_block);

// The log which ends in a torn commit, perhaps the manifest too, and how much of each is sound; for a store that
// RocksDB does not open. What was written into a later log shows that an older one is not read any more, or once was
// whole: it stays as it is. Reads the logs whole (100 MB at most).
[[nodiscard]] result<shown_sizes> find_torn_commits(const state_options& options);

// Where the torn commit begins that ends this log; nothing: there is none, or what ends it is damaged.
[[nodiscard]] std::optional<std::size_t> torn_commit_in(std::string_view log);

// Of one block, for a salvage: records are those of a log that was not recycled.
void mend_types(std::span<char> block);

}  // namespace stellwerk::spool::embedded
