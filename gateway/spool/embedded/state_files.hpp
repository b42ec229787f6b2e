// state_files: the file system as RocksDB sees it, with three things that RocksDB leaves to chance after a power loss.
//
// Order of names. RocksDB writes a MANIFEST, syncs it and renames a new CURRENT into place; the directory is synced
// after that. POSIX promises nothing about the order in which names reach the disk: the new CURRENT may be there and
// the MANIFEST it names, or a table that a recovery had just written, may not, and the store could not be opened. So
// the directory is synced before CURRENT changes. Once per start.
//
// Order of edits. A flush puts two records into the MANIFEST and syncs once. Of these the second may reach the disk and
// the first not, which cannot be told from damage. So once a MANIFEST counts, a record is synced before the next.
//
// Torn commits. A log may end in a commit that never became durable whole, see log_tail.hpp. RocksDB takes one whose
// end is missing for the end of the log and one with a hole in its middle for damage. Such a log is shown to it without
// that commit; the file stays as it is until the log is dropped.
//
// A salvage reads logs mended, see mend_types in log_tail.hpp.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace stellwerk::spool::embedded {

using shown_sizes = std::map<std::string, std::uint64_t, std::less<>>;  // name of a log -> bytes of it that are shown

enum class log_reading : std::uint8_t { as_it_is, mended };

// `below` must outlive it. Thread rule: as rocksdb::Env, any thread.
[[nodiscard]] std::unique_ptr<rocksdb::Env> make_state_files(rocksdb::Env& below, shown_sizes shown,
                                                             log_reading reading = log_reading::as_it_is);

}  // namespace stellwerk::spool::embedded
