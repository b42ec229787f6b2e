// Settling: what an attempt's report means for each recipient, written, then followed up. The only place where a
// recipient's fate changes after acceptance, so the only one that counts and logs it.
#include <algorithm>
#include <span>
#include <utility>

#include "base/planted_defect.hpp"
#include "gateway/delivery/dispatcher.hpp"
#include "policy/health/retry_schedule.hpp"

namespace stellwerk::delivery {
namespace {

std::string_view domain_of(std::string_view address) {
  const auto at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view{} : address.substr(at + 1);
}

// Candidates that were not part of this walk and are only out for the moment.
bool others_remain(const policy::decision& why, const std::vector<std::string>& tried,
                   std::span<const policy::destination_traits> destinations) {
  return std::any_of(why.candidates.begin(), why.candidates.end(), [&](const policy::candidate& one) {
    return one.verdict == policy::verdict::unavailable && one.reason != policy::candidate_reason::sender_refused &&
           std::find(tried.begin(), tried.end(), destinations[one.destination].name) == tried.end();
  });
}

// Decided again at its deadline at the latest: that is when the next candidate is wanted, or the message is worth
// nothing.
void look_at_deadline(spool::recipient_row& row, const policy::route_config* route, time_point starts, time_point now) {
  if (route == nullptr || !route->deadline || row.state != mail::recipient_state::deferred) return;
  const time_point deadline = starts + *route->deadline;
  if (deadline > now) row.due = std::min(row.due, deadline);
}

// A copy tells what a vendor would have said. It is never delivered, never bounces and goes nowhere else.
disposition as_copy(disposition next, mail::attempt_outcome outcome, time_point now) {
  next.step = next_step::settle;
  next.permanent = false;
  if (next.after.state == mail::recipient_state::deferred) return next;
  next.after = as_final(std::move(next.after), mail::recipient_state::discarded,
                        "shadow: " + std::string{mail::to_string(outcome)}, now);
  return next;
}

bool all_lazy(const std::vector<spool::recipient_change>& changes) {
  return std::all_of(changes.begin(), changes.end(), [](const spool::recipient_change& one) {
    return one.after.state == mail::recipient_state::delivered;
  });
}

}  // namespace

void dispatcher::handle(report_event& event) {
  auto node = jobs_.extract(event.job);
  in_flight_.store(jobs_.size(), std::memory_order_relaxed);
  job& done = *node.mapped();
  adapters::attempt_report& report = event.report;
  // An adapter that answers for fewer recipients than it was given broke its contract; what is missing is not known.
  while (report.recipients.size() < done.rows.size()) {
    mail::recipient_outcome missing;
    missing.outcome = mail::attempt_outcome::unknown;
    report.recipients.push_back(missing);
  }
  std::vector<std::string_view> domains;
  for (const spool::recipient_row& row : done.rows) domains.push_back(domain_of(row.address));
  const auto took = std::chrono::duration_cast<duration>(env_.time.steady() - done.started);
  const bool spoke = report.first_reply.count() > 0;
  if (report.first_word.count() > 0) table_.note_first_word(done.held.destination, report.first_word);
  table_.finish(done.held, report.recipients, domains, spoke ? report.first_reply : took);
  end_trial(done);
  settlement work;
  work.request.urgent = false;
  finish_rows(work, done, report);
  work.request.urgent =
      work.request.urgent || !work.request.accepts.empty() || !work.notices.empty() || !all_lazy(work.request.changes);
  settle(std::move(work));
  lanes_dirty_ = true;
}

void dispatcher::finish_rows(settlement& work, job& done, const adapters::attempt_report& report) {
  const time_point now = env_.time.now();
  const delivery_message& message = *done.message;
  auto& shown = env_.metrics.destination(done.held.destination, "");
  std::vector<std::size_t> moving;
  std::vector<disposition> fallbacks;
  for (std::size_t i = 0; i < done.rows.size(); ++i) {
    const spool::recipient_row& row = done.rows[i];
    const mail::recipient_outcome& outcome = report.recipients[i];
    disposition_input in{row, outcome, rules_->config()};
    in.route = row.intent ? route_named(row.intent->route) : nullptr;
    in.stream = message.row().stream;
    in.api_way = is_api(done.held.destination);
    in.account_refused =
        outcome.outcome == mail::attempt_outcome::refused_policy && table_.account_refused(done.held.destination);
    if (!row.attempts.empty())
      in.others_passed = table_.delivered_since(done.held.destination, row.attempts.back().ended);
    in.expires = message.row().expires;
    in.now = now;
    disposition next = dispose(in, env_.random);
    if (message.is_copy()) next = as_copy(std::move(next), outcome.outcome, now);
    look_at_deadline(next.after, in.route, message.starts(), now);
    if (outcome.outcome == mail::attempt_outcome::unknown) {
      shown.unknown_total[std::string{to_string(outcome.stage)}].add();
      if (next.step == next_step::next_candidate) shown.possible_duplicates.add();
    }
    if (outcome.outcome == mail::attempt_outcome::delivered && !message.is_copy()) {
      shown.handoff_seconds[index_of(in.stream)].observe(std::chrono::duration<double>(now - message.starts()).count());
    }
    if (env_.log.enabled(log_level::info)) {
      env_.log.info("attempt", {{"queue_id", row.key.message.to_string()},
                                {"recipient", redacted_address(row.address)},
                                {"stream", to_string(in.stream)},
                                {"destination", done.held.destination},
                                {"host", report.host},
                                {"outcome", to_string(outcome.outcome)},
                                {"stage", to_string(outcome.stage)},
                                {"code", outcome.code},
                                {"enhanced_status", outcome.enhanced_status},
                                {"reply", outcome.reply}});
    }
    if (next.step == next_step::next_candidate) {
      moving.push_back(i);
      fallbacks.push_back(std::move(next));
      continue;
    }
    if (next.permanent && table_.brake_holds(done.held.destination, true)) {
      next.after = as_held(with_attempt(row, outcome, now), "bounce_brake", now);
    } else if (!next.permanent && !message.is_copy()) {
      (void)table_.brake_holds(done.held.destination, false);
    }
    if (next.after.state == mail::recipient_state::deferred) delay_notice(work, message, next.after);
    if (next.after.state == mail::recipient_state::deferred || next.after.state == mail::recipient_state::unknown) {
      set_lane(message, next.after, work.request.new_lanes);
    }
    const auto kind = is_final(next.after.state) ? events::event_kind::disposition : events::event_kind::attempt;
    if (next.after.state == mail::recipient_state::delivered) {  // nothing follows: no copies either
      if (!outcome.dsn_passed_on) relayed_notice(work, message, next.after);
      change(work, message, std::move(done.rows[i]), std::move(next.after), kind);
      continue;
    }
    change(work, message, row, next.after, kind);
    if (next.after.state == mail::recipient_state::bounced) bounce_notice(work, message, next.after);
    if (!is_final(next.after.state) && next.after.state != mail::recipient_state::held) {
      wait_in_lane(work, done.message, next.after, place::head);
    }
  }
  if (!moving.empty()) move_on(work, done, std::move(moving), std::move(fallbacks));
}

// Recipients that may go to another destination at once: decided again without those of this walk.
void dispatcher::move_on(settlement& work, job& done, std::vector<std::size_t> rows,
                         std::vector<disposition> fallbacks) {
  const delivery_message& message = *done.message;
  std::vector<spool::recipient_row> before;
  std::vector<spool::recipient_row> wanting;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    before.push_back(done.rows[rows[i]]);
    spool::recipient_row row = fallbacks[i].after;
    // Only an unknown outcome under duplicate_is_better frees a pinned recipient. A repeat that fails for certain says
    // nothing about the first hand-over: its destination may have it still.
    const bool is_free = row.state == mail::recipient_state::unknown || planted(defect::pin_lost_when_repeat_fails);
    if (is_free) row.pinned_destination.clear();
    row.state = mail::recipient_state::ready;
    wanting.push_back(std::move(row));
  }
  planned ways = plan(message, wanting, done.so_far);
  for (const auto& [at, why] : ways.others) fall_back(work, done, before[at], fallbacks[at], why);
  for (const start_group& group : ways.groups) {
    const std::string& to = rules_->destinations()[group.candidate.destination].name;
    std::vector<spool::recipient_row> moved_before;
    std::vector<spool::recipient_row> moved;
    start_group free = group;
    free.rows.clear();
    free.passed_over.clear();
    for (std::size_t i = 0; i < group.rows.size(); ++i) {
      const std::size_t at = group.rows[i];
      if (fallbacks[at].spends_budget && !budget_.try_spend(env_.time.steady()) && !planted(defect::budget_ignored)) {
        wait_for_budget(work, done, before[at], fallbacks[at]);
        continue;
      }
      env_.metrics.failovers(done.held.destination, to, fallbacks[at].why).add();
      env_.log.info("failover", {{"queue_id", before[at].key.message.to_string()},
                                 {"from", done.held.destination},
                                 {"to", to},
                                 {"reason", fallbacks[at].why}});
      moved_before.push_back(before[at]);
      moved.push_back(wanting[at]);
      free.passed_over.push_back(group.passed_over[i]);
    }
    if (!moved.empty()) begin_group(work, done.message, moved_before, free, std::move(moved), done.so_far);
  }
}

// Nobody else takes it now: what its own outcome means for it holds.
void dispatcher::fall_back(settlement& work, const job& done, const spool::recipient_row& before,
                           const disposition& own, const policy::decision& why) {
  const delivery_message& message = *done.message;
  const time_point now = env_.time.now();
  spool::recipient_row after = own.after;
  if (why.action == policy::action::suppress && !is_final(after.state)) {
    return end_suppressed(work, message, before, std::move(after), why);
  }
  if (after.state == mail::recipient_state::held && others_remain(why, done.so_far.tried, rules_->destinations())) {
    // Not held: destinations are left that are out for the moment.
    after = as_deferred(std::move(after), now, "no_destination_available", now);
  }
  if (own.permanent && table_.brake_holds(done.held.destination, true)) after = as_held(after, "bounce_brake", now);
  if (after.state == mail::recipient_state::deferred &&
      !table_.available(done.held.destination, done.held.subject.stream)) {
    // Everything is out: it waits in its lane and leaves with the first one back.
    after = as_deferred(std::move(after), now, "no_destination_available", now);
  }
  if (after.state == mail::recipient_state::deferred) delay_notice(work, message, after);
  const bool waits = !is_final(after.state) && after.state != mail::recipient_state::held;
  if (waits) set_lane(message, after, work.request.new_lanes);
  const auto kind = is_final(after.state) ? events::event_kind::disposition : events::event_kind::attempt;
  change(work, message, before, after, kind);
  if (after.state == mail::recipient_state::bounced) bounce_notice(work, message, after);
  if (waits) wait_in_lane(work, done.message, after, place::head);
}

// Another destination would take it, and too many have moved on lately: it waits out its own delay.
void dispatcher::wait_for_budget(settlement& work, const job& done, const spool::recipient_row& before,
                                 const disposition& own) {
  const delivery_message& message = *done.message;
  const time_point now = env_.time.now();
  env_.metrics.failover_budget_refusals.add();
  spool::recipient_row after = as_deferred(own.after, now, "failover_budget", now);
  after.due =
      now + policy::retry_delay(rules_->config().retry.at(message.row().stream), after.attempts_made, env_.random);
  look_at_deadline(after, route_of(after), message.starts(), now);
  set_lane(message, after, work.request.new_lanes);
  change(work, message, before, after, events::event_kind::attempt);
  wait_in_lane(work, done.message, after, place::head);
}

spool::ledger_row dispatcher::ledger_line(const spool::message_row& message, const spool::recipient_row& row,
                                          events::event_kind kind) {
  events::ledger_event event;
  event.kind = kind;
  event.at = row.changed;
  event.message = row.key.message;
  event.recipient = row.address;
  event.stream = to_string(message.stream);
  event.state = to_string(row.state);
  event.reason = row.reason;
  event.enhanced_status = row.enhanced_status;
  event.campaign = message.campaign;
  if (kind != events::event_kind::state && !row.attempts.empty()) {
    const spool::attempt_row& last = row.attempts.back();
    event.attempt_id = last.attempt_id;
    event.destination = last.destination;
    event.route = last.route;
    event.outcome = to_string(last.outcome);
    event.reply = last.reply;
    event.vendor_message_id = last.vendor_message_id;
  }
  return {0, message.tenant, events::encode(event)};
}

void dispatcher::change(settlement& work, const delivery_message& message, spool::recipient_row before,
                        spool::recipient_row after, events::event_kind kind) {
  const bool is_told = kind != events::event_kind::disposition || !planted(defect::ledger_line_forgotten);
  if (is_told) work.request.ledger.push_back(ledger_line(message.row(), after, kind));
  work.request.changes.push_back({std::move(before), std::move(after), message.row().stream});
}

void dispatcher::wait_in_lane(settlement& work, const message_ptr& message, const spool::recipient_row& after,
                              place where) {
  work.follow.waits.push_back({after.lane, item_for(message, after), where == place::aside});
}

void dispatcher::settle(settlement work) {
  make_notices(work);
  table_.take_usage(work.request.usage);
  if (!starting_) work.request.usage = table_.exact_usage();
  if (work.request.changes.empty() && work.request.accepts.empty() && work.request.usage.empty() &&
      work.request.suppressions.empty()) {
    follow_up(work.follow);
    return;
  }
  work.follow.changes.reserve(work.request.changes.size());
  for (const spool::recipient_change& one : work.request.changes) work.follow.changes.push_back(note_of(one));
  for (const spool::lane_row& row : work.request.new_lanes) work.follow.new_lanes.push_back(row.id);
  const std::uint64_t number = next_number_++;
  settles_.emplace(number, std::move(work.follow));
  env_.store.settle(std::move(work.request), [this, number](result<void> answer) {
    mailbox_.push_always(settled_event{number, answer});
  });
}

void dispatcher::handle(settled_event& event) {
  auto node = settles_.extract(event.pending);
  pending_settle& done = node.mapped();
  if (!event.answer) {
    // The store is failing. Nothing is retried on it and nothing of this starts: the leases stay, so nobody else
    // touches these recipients, and what the disk holds (row or intent) decides at the next start.
    env_.log.error("settle_failed", {{"error", event.answer.error().message()}, {"recipients", done.changes.size()}});
    for (auto& one : done.starts) {
      table_.cancel(one->held);
      end_trial(*one);
    }
    if (done.after) done.after(event.answer);
    return;
  }
  for (const spool::lane_id id : done.new_lanes) lanes_.at(id).mark_stored();
  for (const change_note& one : done.changes) record(one);
  for (const spool::lane_id id : done.accepted) count_in_line(id, 1);
  follow_up(done);
}

void dispatcher::follow_up(pending_settle& done) {
  for (const change_note& one : done.changes) unlease(one.key);
  for (auto& wait : done.waits) {
    unlease(wait.item.at.key);
    lane& one = lanes_.at(wait.lane);
    if (wait.parked) {
      one.park(std::move(wait.item));
    } else {
      one.put(std::move(wait.item));
    }
  }
  for (auto& one : done.starts) {
    for (const spool::recipient_row& row : one->rows) {
      lease(row.key);
      if (!planted(defect::recipient_leased_twice)) continue;
      lanes_.at(row.lane).put({{row.due, row.key}, std::make_shared<warm_entry>(one->message, row, warm_bytes_)});
    }
    start(std::move(one));
  }
  if (done.after) done.after({});
  lanes_dirty_ = true;
}

dispatcher::change_note dispatcher::note_of(const spool::recipient_change& change) const {
  const spool::recipient_row& after = change.after;
  change_note note{
      after.key, change.stream, change.before.state, after.state, after.attempts_made, 0, 0, {}, {}, {}, {}, {}};
  const bool stood = spool::stands_in_line(note.before);
  const bool stands = spool::stands_in_line(note.after);
  if (stood != stands || change.before.lane != after.lane) {
    if (stood) note.left = change.before.lane;
    if (stands) note.joined = after.lane;
  }
  if (change.before.pinned_destination != after.pinned_destination) {
    note.untied = change.before.pinned_destination;
    note.tied = after.pinned_destination;
  }
  if (is_final(note.after) && env_.log.enabled(log_level::info)) {
    note.address = after.address;
    note.reason = after.reason;
    if (!after.attempts.empty()) note.destination = after.attempts.back().destination;
  }
  return note;
}

void dispatcher::count_tied(const std::string& destination, double by) {
  if (!destination.empty() && table_.known(destination)) env_.metrics.destination(destination, "").unknown.add(by);
}

// The only place that counts and logs a change of fate.
void dispatcher::record(const change_note& change) {
  if (change.left != 0) count_in_line(change.left, -1);
  if (change.joined != 0) count_in_line(change.joined, 1);
  count_tied(change.untied, -1);
  count_tied(change.tied, 1);
  if (!is_final(change.after)) return;
  env_.metrics.dispositions[index_of(change.stream)][static_cast<std::size_t>(change.after)].add();
  if (!env_.log.enabled(log_level::info)) return;
  env_.log.info("disposition", {{"queue_id", change.key.message.to_string()},
                                {"recipient", redacted_address(change.address)},
                                {"stream", to_string(change.stream)},
                                {"state", to_string(change.after)},
                                {"reason", change.reason},
                                {"destination", change.destination},
                                {"attempts", change.attempts_made}});
}

}  // namespace stellwerk::delivery
