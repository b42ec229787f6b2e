// Unknown outcomes: who may repeat, where, and when (architecture section 4, on_unknown).
#include <utility>

#include "gateway/delivery/dispatcher.hpp"
#include "policy/health/retry_schedule.hpp"

namespace stellwerk::delivery {
namespace {

constexpr std::uint32_t empty_lookups_needed = 2;  // a vendor's index lags: one empty answer proves nothing

// When the first of the unknown attempts at the end of the history ended.
time_point unknown_since(const spool::recipient_row& row) {
  time_point since = row.changed;
  for (auto at = row.attempts.rbegin(); at != row.attempts.rend(); ++at) {
    if (at->outcome != mail::attempt_outcome::unknown) break;
    since = at->ended;
  }
  return since;
}

}  // namespace

const policy::route_config* dispatcher::route_named(std::string_view name) const {
  for (const policy::route_config& route : rules_->routes()) {
    if (route.name == name) return &route;
  }
  return nullptr;
}

const policy::route_config* dispatcher::route_of(const spool::recipient_row& row) const {
  return row.attempts.empty() ? nullptr : route_named(row.attempts.back().route);
}

bool dispatcher::is_api(std::string_view destination) const {
  for (const policy::destination_traits& one : rules_->destinations()) {
    if (one.name == destination) return one.adapter != "smtp";
  }
  return false;
}

// A recipient in state unknown whose wait is over.
void dispatcher::resolve_unknown(settlement& work, const message_ptr& message, const spool::recipient_row& row) {
  const policy::route_config* route = route_of(row);
  if (route != nullptr && route->on_unknown == policy::on_unknown::hold) {
    // Only an event, a look-up, an operator or the end of its lifetime decides.
    spool::recipient_row after = row;
    after.due = message->row().expires;
    work.request.changes.push_back({row, after, message->row().stream});
    wait_in_lane(work, message, after, place::head);
    return;
  }
  if (is_api(row.pinned_destination) && row.empty_lookups < empty_lookups_needed && !row.attempts.empty()) {
    look_up(message, row);
    return;
  }
  // Repeated at the same destination: the pin leaves the router no other choice.
  spool::recipient_row ready = row;
  ready.state = mail::recipient_state::ready;
  const planned ways = plan(*message, {ready}, {});
  for (const auto& [at, why] : ways.others) {
    (void)at;
    spool::recipient_row after = row;
    after.due = env_.time.now() + rules_->config().unknown_wait.smtp;
    after.reason = why.action_reason.empty() ? "pinned_destination_out" : why.action_reason;
    work.request.changes.push_back({row, after, message->row().stream});
    wait_in_lane(work, message, after, place::head);
  }
  for (const start_group& group : ways.groups) begin_group(work, message, {row}, group, {row}, {});
}

void dispatcher::look_up(const message_ptr& message, const spool::recipient_row& row) {
  env_.run.look_up(row.pinned_destination, row.attempts.back().attempt_id, row.address,
                   [this, message, row](adapters::lookup_report report) {
                     mailbox_.push_always(dispatch_event{looked_up_event{message, row, std::move(report)}});
                   });
}

void dispatcher::handle(looked_up_event& event) {
  const time_point now = env_.time.now();
  const delivery_message& message = *event.message;
  spool::recipient_row after = event.row;
  settlement work;
  switch (event.report.answer) {
    case adapters::lookup_answer::accepted:
      if (!after.attempts.empty()) {
        after.attempts.back().outcome = mail::attempt_outcome::delivered;
        after.attempts.back().vendor_message_id = event.report.vendor_message_id;
      }
      after = as_final(std::move(after), mail::recipient_state::delivered, "found_by_lookup", now);
      change(work, message, event.row, after, events::event_kind::disposition);
      settle(std::move(work));
      return;
    case adapters::lookup_answer::absent:
      ++after.empty_lookups;
      break;
    case adapters::lookup_answer::unsupported:
    case adapters::lookup_answer::failed:
      // Without a key and without an answer: not before the end of unknown_wait_max.
      if (now - unknown_since(after) >= rules_->config().unknown_wait.give_up) after.empty_lookups = empty_lookups_needed;
      break;
  }
  after.changed = now;
  const auto looked = static_cast<std::uint32_t>(after.empty_lookups + 1);
  after.due = after.empty_lookups >= empty_lookups_needed
                  ? now
                  : now + policy::unknown_delay(rules_->config().unknown_wait, policy::unknown_via::api, looked);
  work.request.changes.push_back({event.row, after, message.row().stream});
  wait_in_lane(work, event.message, after, place::head);
  settle(std::move(work));
}

}  // namespace stellwerk::delivery
