// committer: the only writer of the store. Takes what waits, writes it as one batch, syncs, answers in order.
//
// Passive: `run_once` does one batch (and now and then housekeeping), so that a test or the simulation can drive it
// without a thread. After a failed write or sync it refuses everything until the process restarts; without room it
// refuses accepts and keeps settles until there is room. Thread rule: `run_once` from one thread; `push`, counts and
// health from any.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "gateway/spool/embedded/batch_writer.hpp"
#include "gateway/spool/embedded/commit_queue.hpp"
#include "gateway/spool/embedded/file_system.hpp"
#include "gateway/spool/embedded/message_cache.hpp"
#include "gateway/spool/embedded/segment_copier.hpp"
#include "gateway/spool/embedded/segment_store.hpp"
#include "gateway/spool/embedded/state_db.hpp"
#include "gateway/spool/spool_config.hpp"
#include "gateway/spool/spool_metrics.hpp"

namespace stellwerk::spool::embedded {

struct committer_parts {
  state_db& db;
  segment_store& segments;
  file_system& files;
  const clock& time;
  logger& log;
  spool_metrics metrics;
};

struct committer_hooks {
  // Only a store makes an accepted_message.
  accepted_message (*make_accepted)(queue_id, bool) = nullptr;
  std::function<void(const store_health&)> on_health_change;
  std::function<void(std::uint64_t)> on_ledger;
};

struct committer_start {
  totals_row totals;
  std::vector<lane_row> lanes;
  tallies tally;
  std::uint64_t hash_seed = 0;
};

class committer {
 public:
  committer(const committer_parts& parts, const spool_config& config, committer_hooks hooks, committer_start start);

  // ---- any thread ----
  void push(operation item);
  [[nodiscard]] std::uint64_t count(mail::traffic_stream stream, mail::recipient_state state) const;
  [[nodiscard]] std::uint64_t last_ledger_sequence() const { return ledger_sequence_.load(std::memory_order_acquire); }
  [[nodiscard]] store_health health() const;
  [[nodiscard]] std::vector<lane_row> lanes() const;
  [[nodiscard]] tallies tallied() const;
  [[nodiscard]] std::uint64_t tied_to(std::string_view destination) const;

  // ---- the committer's thread ----
  // One batch and due housekeeping. False: there was nothing to do.
  bool run_once();
  // Runs until closed and everything asked for is answered.
  void run();
  void close() { queue_.close(); }
  void answer_rest();  // after the last run: what could not be committed

 private:
  enum class condition { writable, full, failed };
  // How one request of a batch went before the batch was written.
  struct answer {
    result<accept_result> accepted{error{}};
    result<void> settled;
  };

  void commit(std::vector<operation> batch);
  [[nodiscard]] std::vector<answer> apply(batch_writer& writer, std::vector<operation>& batch);
  [[nodiscard]] result<void> write(batch_writer& writer, std::size_t applied);
  void add_lanes(batch_writer& writer, const std::vector<operation>& batch);
  void on_committed(const batch_writer& writer);
  void on_failed(const error& failure, std::vector<operation> batch, std::vector<answer>& answers);
  void complete(operation& item, answer& outcome);
  void fail(operation& item, const error& failure);
  void refuse_accepts(std::vector<operation>& batch);
  void take_waiting(std::vector<operation>& batch);

  bool keep_house();  // true: there is more to do at once
  void sweep_claims();
  void copy_bodies();
  [[nodiscard]] bool commit_house(state_batch& batch);
  void look_for_room();
  [[nodiscard]] result<void> try_room();
  // No space, no inodes, no descriptors: it passes. Everything else of a write is final.
  [[nodiscard]] static bool is_passing(const error& failure);
  void set_condition(condition next, const char* reason);
  void measure();
  void publish_counts();
  [[nodiscard]] batch_context context() const;

  committer_parts parts_;
  spool_config config_;
  committer_hooks hooks_;
  commit_queue queue_;
  mutable message_cache cache_;
  segment_copier copier_;

  totals_row totals_;  // as committed
  std::uint64_t hash_seed_;
  std::vector<operation> waiting_;  // settles that found no room
  bool may_try_ = true;             // false: nothing is written until the next look for room
  steady_point next_house_{};
  bool has_house_work_ = false;
  condition condition_ = condition::writable;

  static constexpr std::size_t states_max = 16;
  std::array<std::array<std::atomic<std::uint64_t>, states_max>, 3> counts_{};
  std::atomic<std::uint64_t> ledger_sequence_{0};
  mutable std::mutex mutex_;  // health_, lanes_ and, where it is not the committer that reads, tallies_
  store_health health_;
  std::map<lane_id, lane_row> lanes_;
  tallies tallies_;
  std::vector<lane_row> unwritten_lanes_;  // committer only; of requests that failed: others will refer to them
};

}  // namespace stellwerk::spool::embedded
