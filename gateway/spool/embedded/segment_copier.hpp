// segment_copier: moves the live bodies out of sparse segments, so that a message deferred for days does not pin a file
// full of the dead. Works in small steps between batches; the bound is size <= 2 x live + 2 segments.
//
// A step copies into the round of the segment_store and adds the moved references to the batch; the committer writes
// both and then calls `committed`. A body whose record is damaged stays where it is. Thread rule: committer only.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "gateway/spool/embedded/message_cache.hpp"
#include "gateway/spool/embedded/segment_store.hpp"
#include "gateway/spool/embedded/state_db.hpp"

namespace stellwerk::spool::embedded {

class segment_copier {
 public:
  segment_copier(const state_db& db, segment_store& segments, message_cache& cache, logger& log,
                 std::uint64_t segment_bytes)
      : db_{db}, segments_{segments}, cache_{cache}, log_{log}, segment_bytes_{segment_bytes} {}

  [[nodiscard]] bool is_due() const;
  // Bytes copied into the round; 0 may still mean progress over dead records.
  [[nodiscard]] result<std::uint64_t> step(state_batch& batch);
  void committed();
  void dropped();

 private:
  [[nodiscard]] bool choose_victim();
  void give_up(const char* why);
  // The size of the record at the cursor; 0 when the walk cannot go on.
  [[nodiscard]] result<std::uint64_t> visit(state_batch& batch, std::uint64_t& copied);

  const state_db& db_;
  segment_store& segments_;
  message_cache& cache_;
  logger& log_;
  std::uint64_t segment_bytes_;

  std::uint32_t victim_ = 0;  // 0: none chosen
  std::uint64_t cursor_ = 0;
  std::uint64_t step_start_ = 0;  // where the cursor returns to if the step is dropped
  std::set<std::uint32_t> damaged_;
  std::vector<std::pair<queue_id, body_place>> moved_;
};

}  // namespace stellwerk::spool::embedded
