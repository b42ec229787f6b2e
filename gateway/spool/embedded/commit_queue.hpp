// commit_queue: requests on their way to the committer, in three lines, each in order of arrival.
//
// Transactional accepts go first into a batch, then settles, then marketing accepts; every line that waits gets a share
// of each batch, so none starves. Settles have one line whatever their stream: two changes of one recipient never
// overtake each other. A request that is not urgent rides along; it alone wakes the committer only after `lazy_wait`.
// Thread rule: any thread pushes, one takes.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <variant>
#include <vector>

#include "gateway/spool/spool.hpp"

namespace stellwerk::spool::embedded {

struct accept_operation {
  accept_request request;
  accept_completion done;
};
struct settle_operation {
  settle_request request;
  settle_completion done;
};
using operation = std::variant<accept_operation, settle_operation>;

struct batch_limits {
  std::size_t operations_max = 512;
  std::uint64_t bytes_max = 2ULL << 20;
};

class commit_queue {
 public:
  static constexpr std::chrono::milliseconds lazy_wait{5};

  // False: closed, the operation was not taken.
  [[nodiscard]] bool push(operation& item);
  // Everything that fits one batch; at least one operation if there is any.
  [[nodiscard]] std::vector<operation> take(const batch_limits& limits);
  // Returns when there is work that should start, after `idle_max` at the latest. False: closed and empty.
  [[nodiscard]] bool wait(std::chrono::milliseconds idle_max);
  void close();
  [[nodiscard]] bool is_empty() const;

 private:
  static constexpr std::size_t line_count = 3;
  using line = std::deque<operation>;

  struct batch_room {
    std::size_t operations_max;
    std::uint64_t bytes_max;
    std::uint64_t bytes;
  };
  void take_from(std::size_t line_number, batch_room& room, std::vector<operation>& into);
  [[nodiscard]] bool is_empty_locked() const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::array<line, line_count> lines_;
  std::array<std::size_t, line_count> passed_over_{};  // batches in a row that a waiting line had no room in
  std::size_t urgent_ = 0;                             // waiting operations that should not wait for company
  bool is_closed_ = false;
};

[[nodiscard]] std::uint64_t size_of(const operation& item);

}  // namespace stellwerk::spool::embedded
