// The suppression list: changed here, in order with every decision, and asked with each of them through the live state.
#include <algorithm>
#include <utility>

#include "gateway/delivery/dispatcher.hpp"

namespace stellwerk::delivery {
namespace {

constexpr std::size_t dropped_max = 10'000;  // of one settle

}  // namespace

void dispatcher::adopt(events::suppression_list list) {
  suppressions_ = std::move(list);
  env_.metrics.suppression_entries.set(static_cast<double>(suppressions_.size()));
}

void dispatcher::suppress(std::vector<spool::suppression_change> changes, suppress_completion done) {
  post([this, changes = std::move(changes), done = std::move(done)]() mutable {
    const auto additions = static_cast<std::size_t>(
        std::count_if(changes.begin(), changes.end(), [](const auto& one) { return !one.is_removal; }));
    if (suppressions_.size() + additions > events::suppression_list::entries_max) {
      return done(error{errc::limit_reached, "delivery.suppress"});
    }
    const suppress_answer answer = list_changes(changes);
    store_changes(std::move(changes), answer, std::move(done));
  });
}

// In force at once. An attempt needs an intent on disk, and that is written behind these: what the store did not take
// is not acted upon either.
suppress_answer dispatcher::list_changes(const std::vector<spool::suppression_change>& changes) {
  suppress_answer answer;
  const time_point now = env_.time.now();
  for (const spool::suppression_change& one : changes) {
    if (one.is_removal) {
      ++(suppressions_.holds(one.row, now) ? answer.removed : answer.absent);
      suppressions_.remove(one.row);
    } else {
      ++(suppressions_.put(one.row) ? answer.added : answer.replaced);
    }
  }
  env_.metrics.suppression_entries.set(static_cast<double>(suppressions_.size()));
  return answer;
}

void dispatcher::store_changes(std::vector<spool::suppression_change> changes, suppress_answer answer,
                               suppress_completion done) {
  settlement work;
  work.request.suppressions = std::move(changes);
  work.follow.after = [answer, done = std::move(done)](const result<void>& durable) {
    durable ? done(answer) : done(durable.error());
  };
  settle(std::move(work));
}

void dispatcher::count_suppressed(const policy::decision& why) {
  const std::string_view reason = std::string_view{why.action_reason}.substr(why.action_reason.find(':') + 1);
  if (const auto known = spool::parse_suppression_reason(reason)) {
    env_.metrics.suppression_hits[static_cast<std::size_t>(*known)].add();
  }
}

// `row` is what it has become by an attempt since `before`, or the same. A copy was never to be delivered: it is thrown
// away.
void dispatcher::end_suppressed(settlement& work, const delivery_message& message, const spool::recipient_row& before,
                                spool::recipient_row row, const policy::decision& why) {
  const time_point now = env_.time.now();
  if (message.is_copy()) {
    row = as_final(std::move(row), mail::recipient_state::discarded, why.action_reason, now);
  } else {
    count_suppressed(why);
    row = as_suppressed(std::move(row), why.action_reason, now);
  }
  change(work, message, before, row, events::event_kind::disposition);
  if (!message.is_copy()) bounce_notice(work, message, row);
}

// What has expired holds no longer, whether or not its row is there; this is so that rows do not pile up.
void dispatcher::sweep_suppressions() {
  if (suppressions_.expiring() == 0) return;
  env_.read([this, now = env_.time.now()] {
    std::vector<spool::suppression_row> expired;
    const auto read = events::each_suppression(env_.store, [&](spool::suppression_row row) {
      if (row.expires && *row.expires <= now && expired.size() < dropped_max) expired.push_back(std::move(row));
    });
    if (!read) env_.log.error("suppressions_unreadable", {{"error", read.error().message()}});
    if (!expired.empty()) post([this, rows = std::move(expired)]() mutable { drop_expired(std::move(rows)); });
  });
}

void dispatcher::drop_expired(std::vector<spool::suppression_row> rows) {
  const time_point now = env_.time.now();
  if (rows.size() == dropped_max) next_suppression_sweep_ = {};  // there are more
  std::vector<spool::suppression_change> changes;
  for (spool::suppression_row& row : rows) {
    // Not what was put there again since it was read.
    if (!suppressions_.holds(row, now)) changes.push_back({std::move(row), true});
  }
  if (changes.empty()) return;
  const suppress_answer answer = list_changes(changes);
  const std::size_t count = changes.size();
  store_changes(std::move(changes), answer, [this, count](const result<suppress_answer>& done) {
    if (done) env_.log.info("suppressions_expired", {{"count", count}});
  });
}

}  // namespace stellwerk::delivery
