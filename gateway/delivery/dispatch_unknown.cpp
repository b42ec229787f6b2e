// Unknown outcomes: who may repeat, where, and when (architecture section 4, on_unknown).
#include <algorithm>
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

// Recipients in state unknown whose wait is over. Those of one message are asked for and repeated together: by an API
// that sends to whom the header names, all of them can go and no fewer.
void dispatcher::resolve_unknown(settlement& work, const message_ptr& message, std::vector<spool::recipient_row> rows) {
  std::vector<spool::recipient_row> repeating;
  for (spool::recipient_row& row : rows) {
    const policy::route_config* route = route_of(row);
    if (route == nullptr || route->on_unknown != policy::on_unknown::hold) {
      repeating.push_back(std::move(row));
      continue;
    }
    // Only an event, a look-up, an operator or the end of its lifetime decides.
    spool::recipient_row after = row;
    after.due = message->row().expires;
    work.request.changes.push_back({std::move(row), after, message->row().stream});
    wait_in_lane(work, message, after, place::head);
  }
  const bool wants_look_up = std::any_of(repeating.begin(), repeating.end(), [this](const spool::recipient_row& row) {
    return is_api(row.pinned_destination) && row.empty_lookups < empty_lookups_needed && !row.attempts.empty();
  });
  if (wants_look_up) return look_up(message, std::move(repeating));
  if (!repeating.empty()) repeat_unknown(work, message, repeating);
}

// At the same destination: the pin leaves the router no other choice.
void dispatcher::repeat_unknown(settlement& work, const message_ptr& message,
                                const std::vector<spool::recipient_row>& rows) {
  std::vector<spool::recipient_row> ready = rows;
  for (spool::recipient_row& row : ready) row.state = mail::recipient_state::ready;
  const planned ways = plan(*message, ready, {});
  for (const auto& [at, why] : ways.others) {
    if (why.action == policy::action::suppress) {
      end_suppressed(work, *message, rows[at], rows[at], why);
      continue;
    }
    spool::recipient_row after = rows[at];
    after.due = env_.time.now() + rules_->config().unknown_wait.smtp;
    after.reason = why.action_reason.empty() ? "pinned_destination_out" : why.action_reason;
    work.request.changes.push_back({rows[at], after, message->row().stream});
    wait_in_lane(work, message, after, place::head);
  }
  for (const start_group& group : ways.groups) {
    std::vector<spool::recipient_row> before;
    for (const std::size_t at : group.rows) before.push_back(rows[at]);
    begin_group(work, message, before, group, before, {});
  }
}

void dispatcher::look_up(const message_ptr& message, std::vector<spool::recipient_row> rows) {
  auto round = std::make_shared<lookup_round>();
  round->message = message;
  round->reports.resize(rows.size());
  round->open = rows.size();
  round->rows = std::move(rows);
  for (std::size_t i = 0; i < round->rows.size(); ++i) {
    const spool::recipient_row& row = round->rows[i];
    const std::string attempt_id = row.attempts.empty() ? std::string{} : row.attempts.back().attempt_id;
    env_.run.look_up(row.pinned_destination, attempt_id, row.address, [this, round, i](adapters::lookup_report report) {
      mailbox_.push_always(dispatch_event{looked_up_event{round, i, std::move(report)}});
    });
  }
}

void dispatcher::note_absence(spool::recipient_row& row, adapters::lookup_answer answer) {
  const time_point now = env_.time.now();
  if (answer == adapters::lookup_answer::absent) {
    ++row.empty_lookups;
  } else if (now - unknown_since(row) >= rules_->config().unknown_wait.give_up) {
    // Without a key and without an answer: not before the end of unknown_wait_max.
    row.empty_lookups = empty_lookups_needed;
  }
  row.changed = now;
}

void dispatcher::handle(looked_up_event& event) {
  lookup_round& round = *event.round;
  round.reports[event.which] = std::move(event.report);
  if (--round.open > 0) return;
  const time_point now = env_.time.now();
  settlement work;
  std::vector<std::pair<std::size_t, spool::recipient_row>> absent;
  time_point due = now;  // of all of them, so that they come back together
  for (std::size_t i = 0; i < round.rows.size(); ++i) {
    spool::recipient_row after = round.rows[i];
    if (round.reports[i].answer == adapters::lookup_answer::accepted) {
      if (!after.attempts.empty()) {
        after.attempts.back().outcome = mail::attempt_outcome::delivered;
        after.attempts.back().vendor_message_id = round.reports[i].vendor_message_id;
      }
      after = as_final(std::move(after), mail::recipient_state::delivered, "found_by_lookup", now);
      relayed_notice(work, *round.message, after);
      change(work, *round.message, round.rows[i], after, events::event_kind::disposition);
      continue;
    }
    note_absence(after, round.reports[i].answer);
    if (after.empty_lookups < empty_lookups_needed) {
      const auto looked = static_cast<std::uint32_t>(after.empty_lookups + 1);
      due = std::max(due, now + policy::unknown_delay(rules_->config().unknown_wait, policy::unknown_via::api, looked));
    }
    absent.emplace_back(i, std::move(after));
  }
  for (auto& [at, after] : absent) {
    after.due = due;
    work.request.changes.push_back({round.rows[at], after, round.message->row().stream});
    wait_in_lane(work, round.message, after, place::head);
  }
  settle(std::move(work));
}

}  // namespace stellwerk::delivery
