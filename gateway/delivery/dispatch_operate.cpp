// What operators and clients may do to queued mail. Decided here, in order with everything else, so that a cancellation
// either wins or answers the recipient's real state.
//
// Recipients are leased first and read then: what is changed is the row as it stands, and nobody else starts it.
#include <algorithm>
#include <utility>

#include "gateway/delivery/dispatcher.hpp"

namespace stellwerk::delivery {
namespace {

using mail::recipient_state;

bool is_waiting(recipient_state state) {
  return state == recipient_state::scheduled || state == recipient_state::ready || state == recipient_state::deferred;
}

bool applies(const operate_order& order, recipient_state state) {
  switch (order.what) {
    case operation::cancel:
      // Whether an attempt of unknown outcome handed over is an operator's to judge, not the client's.
      return is_waiting(state) || state == recipient_state::held ||
             (state == recipient_state::unknown && order.by == authority::operators);
    case operation::retry_now:
      return state == recipient_state::deferred || state == recipient_state::scheduled ||
             state == recipient_state::unknown;
    case operation::hold: return is_waiting(state);
    case operation::release:
    case operation::bounce: return state == recipient_state::held;
    case operation::reroute:
      return is_waiting(state) || state == recipient_state::held || state == recipient_state::unknown;
  }
  return false;
}

bool is_meant(const operate_order& order, std::uint32_t index) {
  return order.only.empty() || std::find(order.only.begin(), order.only.end(), index) != order.only.end();
}

}  // namespace

// One order on its way between the dispatch thread and the readers.
struct dispatcher::operation_work {
  operate_order order;
  operate_completion done;
  message_ptr message;  // null: nothing is open any more
  std::vector<operated_recipient> rows;
  std::vector<spool::recipient_key> ours;  // leased for this
};

void dispatcher::operate(operate_order order, operate_completion done) {
  auto work = std::make_shared<operation_work>();
  work->order = std::move(order);
  work->done = std::move(done);
  env_.read([this, work] {
    auto rows = env_.store.load_recipients(work->order.message);
    if (!rows) {
      post([work, failure = rows.error()] { work->done(failure); });
      return;
    }
    if (rows->empty()) {
      post([work] { work->done(error{errc::not_found, "delivery.operate"}); });
      return;
    }
    bool open = false;
    for (spool::recipient_row& row : *rows) {
      open |= !is_final(row.state);
      work->rows.push_back({std::move(row), false, ""});
    }
    if (open) {
      auto stored = env_.store.load_message(work->order.message);
      if (stored) {
        auto made = make_delivery_message(stored->message, stored->content);
        if (made) work->message = *made;
      }
    }
    post([this, work] { lease_for(work); });
  });
}

void dispatcher::lease_for(const std::shared_ptr<operation_work>& work) {
  for (operated_recipient& one : work->rows) {
    if (!work->message || is_final(one.row.state) || !is_meant(work->order, one.row.key.index)) continue;
    if (leased(one.row.key)) {
      // Being decided or attempted right now: that wins, and its state is what the caller is told.
      one.row.state = recipient_state::attempting;
      continue;
    }
    lease(one.row.key);
    work->ours.push_back(one.row.key);
  }
  if (work->ours.empty()) return work->done(std::move(work->rows));
  env_.read([this, work] {
    for (operated_recipient& one : work->rows) {
      if (std::find(work->ours.begin(), work->ours.end(), one.row.key) == work->ours.end()) continue;
      // Settled between the first look and the lease: it is read from history.
      if (auto row = env_.store.load_recipient(one.row.key)) one.row = std::move(*row);
    }
    post([this, work] { operate_rows(work); });
  });
}

void dispatcher::operate_rows(const std::shared_ptr<operation_work>& work) {
  settlement changes;
  for (operated_recipient& one : work->rows) {
    if (std::find(work->ours.begin(), work->ours.end(), one.row.key) == work->ours.end()) continue;
    const spool::recipient_row before = one.row;
    if (applies(work->order, before.state)) {
      one.refusal =
          work->order.what == operation::reroute ? refusal_of_reroute(*work->message, before, work->order) : "";
      if (one.refusal.empty()) {
        if (lies_in_lane(before.state)) (void)lanes_.at(before.lane).remove({before.due, before.key});
        operate_row(changes, work->message, one.row, work->order);
        one.changed = true;
        continue;
      }
    }
    give_back(before);
  }
  if (changes.request.changes.empty()) return work->done(std::move(work->rows));
  changes.follow.after = [work](const result<void>& durable) {
    durable ? work->done(std::move(work->rows)) : work->done(durable.error());
  };
  settle(std::move(changes));
}

// As it was, also in its lane: whoever met the lease there has passed it over.
void dispatcher::give_back(const spool::recipient_row& row) {
  unlease(row.key);
  if (lies_in_lane(row.state) && !row.intent) {
    lane& one = lanes_.at(row.lane);
    one.remove({row.due, row.key});  // it may still be there, or set aside: not twice
    one.put({{row.due, row.key}, nullptr});
  }
  lanes_dirty_ = true;
}

void dispatcher::operate_row(settlement& work, const message_ptr& message, spool::recipient_row& row,
                             const operate_order& order) {
  const time_point now = env_.time.now();
  const spool::recipient_row before = row;
  switch (order.what) {
    case operation::cancel: row = as_final(std::move(row), recipient_state::cancelled, order.reason, now); break;
    case operation::bounce:
      row = as_final(std::move(row), recipient_state::bounced, order.reason, now);
      bounce_notice(work, *message, row);
      break;
    case operation::hold: row = as_held(std::move(row), order.reason, now); break;
    case operation::reroute:
    case operation::retry_now:
    case operation::release: {
      if (order.what == operation::reroute) row.rerouted_to = order.destination;
      const policy::route_config* route = route_of(row);
      // Where nobody else may repeat it, the operator just did; the pin keeps it at its destination.
      const bool decided = route != nullptr && route->on_unknown == policy::on_unknown::hold;
      if (row.state != recipient_state::unknown || decided) row.state = recipient_state::ready;
      if (order.what == operation::reroute && before.state == recipient_state::scheduled) {
        row.state = recipient_state::scheduled;
      } else {
        row.due = now;
      }
      row.reason = order.reason;
      row.changed = now;
      set_lane(*message, row, work.request.new_lanes);
      wait_in_lane(work, message, row, place::head);
      break;
    }
  }
  change(work, *message, before, row,
         is_final(row.state) ? events::event_kind::disposition : events::event_kind::state);
}

// The same filters as in every decision: what they take out is not offered to an operator either.
std::string dispatcher::refusal_of_reroute(const delivery_message& message, const spool::recipient_row& row,
                                           const operate_order& order) {
  if (!row.pinned_destination.empty() || row.state == recipient_state::unknown) {
    return "outcome_unknown: tied to " + row.pinned_destination;
  }
  const time_point now = env_.time.now();
  policy::facts facts = facts_of(message, row, now);
  facts.sole_attempt_of_all_recipients = order.only.empty() || message.row().recipients == 1;
  policy::history past = history_of(row);
  past.rerouted_to = order.destination;
  const policy::decision made = rules_->decide(facts, past, table_, now);
  for (const policy::candidate& one : made.candidates) {
    const policy::destination_traits& traits = rules_->destinations()[one.destination];
    if (traits.name != order.destination) continue;
    if (traits.removed) return "removed";
    if (one.verdict != policy::verdict::filtered) return "";
    std::string refusal{to_string(one.reason)};
    if (!one.invariant.empty()) refusal += ": " + std::string{one.invariant};
    if (!one.detail.empty()) refusal += ": " + one.detail;
    return refusal;
  }
  return made.action_reason.empty() ? "no such destination" : made.action_reason;
}

}  // namespace stellwerk::delivery
