// segment_store: bodies in append-only files, and the account of which of their bytes are still needed.
//
// The committer works in rounds: `reserve` and `release` collect, `write_reserved` makes the bodies durable,
// `put_changes` adds the account to the state batch, and after that batch is synced `commit_round` (else `drop_round`)
// ends the round. So a body is on disk before the state names it, and a file goes only after nothing on disk names it.
// Thread rule: `read` and the totals from any thread, the rest from the committer.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "gateway/spool/embedded/file_system.hpp"
#include "gateway/spool/embedded/row_codec.hpp"
#include "gateway/spool/embedded/state_db.hpp"
#include "mail/submission.hpp"

namespace stellwerk::spool::embedded {

struct segment_options {
  std::string directory;
  std::uint64_t segment_bytes = 64ULL << 20;
  bool sync = true;
};

using segment_map = std::map<std::uint32_t, segment_row>;

class segment_store {
 public:
  segment_store(file_system& files, logger& log, segment_options options);

  // Brings the files in line with what the state says: cuts what was never acknowledged, removes what was released.
  [[nodiscard]] result<void> recover(segment_map rows, std::uint32_t next_segment);

  // ---- one round of the committer ----
  [[nodiscard]] body_place reserve(const queue_id& id, mail::content_ptr content);
  void release(const body_place& place);
  [[nodiscard]] bool has_reserved() const { return !reserved_.empty(); }
  [[nodiscard]] result<void> write_reserved();
  void put_changes(state_batch& batch);
  [[nodiscard]] std::uint32_t next_segment() const { return round_next_segment_; }  // as of this round
  // errors are logged: a file that could not be removed goes at the next start.
  void commit_round();
  void drop_round();

  // ---- for the copier, committer only ----
  [[nodiscard]] const segment_map& segments() const { return segments_; }
  [[nodiscard]] std::uint32_t current() const { return current_; }

  // ---- any thread ----
  // errc::not_found: the file is gone (the body was moved or released meanwhile); errc::corrupt: quarantined.
  [[nodiscard]] result<mail::content_ptr> read(const queue_id& id, const body_place& place) const;
  [[nodiscard]] result<std::string> read_bytes(std::uint32_t segment, std::uint64_t offset, std::size_t size) const;
  [[nodiscard]] std::uint64_t bytes_on_disk() const { return bytes_on_disk_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t bytes_live() const { return bytes_live_.load(std::memory_order_relaxed); }

 private:
  struct reserved_record {
    std::uint32_t segment = 0;
    std::string header;
    mail::content_ptr content;
  };

  [[nodiscard]] std::string path_of(std::uint32_t segment) const;
  [[nodiscard]] segment_row& in_round(std::uint32_t segment);
  [[nodiscard]] result<void> open_for_append(std::uint32_t segment);
  [[nodiscard]] result<void> append_run(std::size_t begin, std::size_t end);
  [[nodiscard]] result<std::shared_ptr<segment_file>> reader(std::uint32_t segment) const;
  [[nodiscard]] result<void> remove_released_files(const segment_map& rows, std::uint32_t next_segment);
  [[nodiscard]] result<void> cut_current();
  void forget(std::uint32_t segment);
  void update_totals();

  file_system& files_;
  logger& log_;
  segment_options options_;

  segment_map segments_;       // as committed
  std::uint32_t current_ = 0;  // 0: the next record opens a new file
  std::uint32_t next_segment_ = 1;
  std::unique_ptr<segment_file> writer_;
  std::uint32_t writer_segment_ = 0;

  std::map<std::uint32_t, segment_row> round_;  // changed in this round
  std::vector<reserved_record> reserved_;
  std::uint32_t round_current_ = 0;
  std::uint32_t round_next_segment_ = 1;

  std::atomic<std::uint64_t> bytes_on_disk_{0};
  std::atomic<std::uint64_t> bytes_live_{0};
  mutable std::mutex readers_mutex_;
  mutable std::map<std::uint32_t, std::shared_ptr<segment_file>> readers_;
};

}  // namespace stellwerk::spool::embedded
