// Tools for a store that no process serves: check it, salvage it, carry its mail to another one. What `stellwerk spool`
// calls; the embedded engine implements them.
//
// All of them hold the directory's lock while they work (errc::locked: a gateway has it). Check and export write
// nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "gateway/spool/spool_config.hpp"

namespace rocksdb {
class Env;
}

namespace stellwerk::spool {

namespace embedded {
class file_system;
}

struct tool_options {
  spool_config config;
  const clock& time;
  logger& log;
  embedded::file_system* files = nullptr;  // null: the real one
  rocksdb::Env* env = nullptr;             // null: the real one
};

// One thing that does not hold. `what` is a word of the list in FORMAT.md, `subject` a queue id, a segment, a lane.
struct spool_fault {
  std::string what;
  std::string family;
  std::string subject;
  std::string detail;
};

struct check_report {
  static constexpr std::size_t listed_max = 1000;

  std::uint64_t messages = 0;    // open ones
  std::uint64_t recipients = 0;  // open ones
  std::uint64_t bodies = 0;
  std::uint64_t body_bytes = 0;
  std::uint64_t finished_recipients = 0;
  std::uint64_t keys = 0;  // of idempotency
  std::uint64_t suppressions = 0;
  std::map<std::string, std::uint64_t> faults;  // by what
  std::vector<spool_fault> listed;              // the first of them

  [[nodiscard]] bool is_sound() const { return faults.empty(); }
  void add(spool_fault fault);
};

// errc::not_found: there is no store; errc::corrupt: it does not open, `repair_spool` can salvage it.
[[nodiscard]] result<check_report> check_spool(const tool_options& options);

// What a repair could not bring back.
struct missing_mail {
  std::string queue_id;
  std::string reason;                   // "message_lost", "body_lost", "recipients_lost"
  std::vector<std::string> recipients;  // known addresses
};

struct repair_report {
  std::uint64_t messages = 0;  // open ones, brought over whole
  std::uint64_t recipients = 0;
  std::uint64_t suppressions = 0;
  std::uint64_t bodies_found_again = 0;  // whose place was lost and whose record was found in a segment
  std::uint64_t unreadable_rows = 0;
  std::uint64_t unreadable_stretches = 0;  // blocks of tables; how many rows they held is unknown
  std::vector<missing_mail> missing;
  std::string kept_as;  // where the damaged state lies now
};

// Builds a new state from everything that can be read and puts it in the place of the old one, which is kept.
[[nodiscard]] result<repair_report> repair_spool(const tool_options& options);

struct archive_report {
  std::uint64_t messages = 0;
  std::uint64_t recipients = 0;
  std::uint64_t suppressions = 0;
  std::uint64_t already_there = 0;        // import: messages known by queue id or idempotency key
  std::vector<missing_mail> not_carried;  // unreadable in the store, or refused by it
};

// Every open message with its recipients, content and idempotency key, and who must not be mailed; layout in FORMAT.md.
// errc::already_exists: the file is there.
[[nodiscard]] result<archive_report> export_spool(const tool_options& options, const std::string& archive);
// Into an empty or another store; again changes nothing. errc::corrupt: the archive does not hold, or ends early.
[[nodiscard]] result<archive_report> import_spool(const tool_options& options, const std::string& archive);

}  // namespace stellwerk::spool
