// What operators and clients may do to queued mail. Decided here, in order with everything else, so that a cancellation
// either wins or answers the recipient's real state.
#include <utility>

#include "gateway/delivery/dispatcher.hpp"

namespace stellwerk::delivery {
namespace {

using mail::recipient_state;

bool applies(operation what, recipient_state state) {
  switch (what) {
    case operation::cancel:
      return state == recipient_state::scheduled || state == recipient_state::ready || state == recipient_state::deferred ||
             state == recipient_state::held;
    case operation::retry_now:
      return state == recipient_state::deferred || state == recipient_state::scheduled || state == recipient_state::unknown;
    case operation::hold:
      return state == recipient_state::scheduled || state == recipient_state::ready || state == recipient_state::deferred;
    case operation::release:
    case operation::bounce:
      return state == recipient_state::held;
  }
  return false;
}

}  // namespace

void dispatcher::operate(operation what, queue_id message, std::string reason,
                         std::function<void(result<std::vector<spool::recipient_row>>)> done) {
  env_.read([this, what, message, reason = std::move(reason), done = std::move(done)]() mutable {
    auto rows = env_.store.load_recipients(message);
    if (!rows) {
      post([done = std::move(done), failure = rows.error()] { done(failure); });
      return;
    }
    bool open = false;
    for (const spool::recipient_row& row : *rows) open |= !is_final(row.state);
    message_ptr loaded;
    if (open) {
      auto stored = env_.store.load_message(message);
      if (stored) {
        auto made = make_delivery_message(stored->message, stored->content);
        if (made) loaded = *made;
      }
    }
    post([this, what, reason = std::move(reason), loaded, rows = std::move(*rows), done = std::move(done)]() mutable {
      operate_rows(what, reason, loaded, std::move(rows), std::move(done));
    });
  });
}

void dispatcher::operate_rows(operation what, const std::string& reason, const message_ptr& message,
                              std::vector<spool::recipient_row> rows,
                              std::function<void(result<std::vector<spool::recipient_row>>)> done) {
  const time_point now = env_.time.now();
  settlement work;
  for (spool::recipient_row& row : rows) {
    if (!message || !applies(what, row.state)) continue;
    if (leased(row.key)) {
      // Being decided or attempted right now: that wins, and its state is what the caller is told.
      row.state = recipient_state::attempting;
      continue;
    }
    lease(row.key);
    lanes_.at(row.lane).remove({row.due, row.key});
    const spool::recipient_row before = row;
    switch (what) {
      case operation::cancel:
        row = as_final(std::move(row), recipient_state::cancelled, reason, now);
        break;
      case operation::bounce:
        row = as_final(std::move(row), recipient_state::bounced, reason, now);
        bounce_notice(work, *message, row);
        break;
      case operation::hold:
        row = as_held(std::move(row), reason, now);
        break;
      case operation::retry_now:
      case operation::release:
        if (row.state != recipient_state::unknown) row.state = recipient_state::ready;
        row.reason = reason;
        row.due = now;
        row.changed = now;
        set_lane(*message, row, work.request.new_lanes);
        wait_in_lane(work, message, row, place::head);
        break;
    }
    change(work, *message, before, row, is_final(row.state) ? events::event_kind::disposition : events::event_kind::state);
  }
  if (work.request.changes.empty()) {
    done(std::move(rows));
    return;
  }
  work.follow.after = [rows = std::move(rows), done = std::move(done)] { done(rows); };
  settle(std::move(work));
}

}  // namespace stellwerk::delivery
