#include "gateway/delivery/dispatcher.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/planted_defect.hpp"

namespace stellwerk::delivery {
namespace {

constexpr std::size_t turn_events_max = 256;

}  // namespace

dispatcher::dispatcher(environment env, delivery_config config, std::shared_ptr<const policy::policy> rules,
                       stream_shares shares)
    : env_{std::move(env)},
      config_{config},
      rules_{std::move(rules)},
      table_{env_.time, env_.random, env_.log, env_.metrics},
      lanes_{config.lane_window},
      budget_{rules_->config().failover_budget},
      notices_{config.dsn_per_hour},
      ids_{env_.time, env_.random},
      mailbox_{limits::accept_mailbox_max, env_.wake} {
  table_.adopt(rules_, shares);
  table_.consult(suppressions_);
  env_.metrics.adopt(*rules_);
}

dispatcher::~dispatcher() = default;

void dispatcher::accept(spool::accept_request request, spool::accept_completion done) {
  // The event is built in two steps: if the mailbox is full the completion is still ours to call.
  auto kept = std::make_shared<spool::accept_completion>(std::move(done));
  accept_event event{std::move(request), [kept](result<spool::accept_answer> answer) { (*kept)(std::move(answer)); }};
  if (!mailbox_.push(dispatch_event{std::move(event)})) (*kept)(error{errc::limit_reached, "delivery.accept"});
}

void dispatcher::post(std::function<void()> control) { mailbox_.push_always(control_event{std::move(control)}); }

void dispatcher::adopt(std::shared_ptr<const policy::policy> rules, stream_shares shares) {
  post([this, rules = std::move(rules), shares]() mutable {
    const bool budget_changed =
        rules->config().failover_budget.ratio != rules_->config().failover_budget.ratio ||
        rules->config().failover_budget.minimum_per_second != rules_->config().failover_budget.minimum_per_second;
    rules_ = std::move(rules);
    table_.adopt(rules_, shares);
    env_.metrics.adopt(*rules_);
    if (budget_changed) budget_ = policy::failover_budget{rules_->config().failover_budget};
    recount_backlogs();
    lanes_dirty_ = true;
  });
}

// What the stop finds counted ahead of its use is written down as it is, so that a restart goes on with exact numbers.
void dispatcher::stop_starting() {
  starting_ = false;
  settle({});
}

void dispatcher::recount_backlogs() {
  table_.clear_backlogs();
  lanes_.for_each([this](const lane& one) {
    if (!one.row().candidates.empty()) table_.add_backlog(one.row().candidates.front(), one.in_line);
  });
}

void dispatcher::count_in_line(spool::lane_id id, std::int64_t by) {
  lane& one = lanes_.at(id);
  one.in_line += by;
  if (!one.row().candidates.empty()) table_.add_backlog(one.row().candidates.front(), by);
}

void dispatcher::count_in_line(const spool::recipient_row& row, std::int64_t by) {
  if (spool::stands_in_line(row.state)) count_in_line(row.lane, by);
}

void dispatcher::run() {
  if (handled_ == batch_.size()) {
    batch_.clear();
    handled_ = 0;
    mailbox_.drain(batch_);
  }
  // A turn is short: the thread may have connections to serve as well.
  const std::size_t end = std::min(batch_.size(), handled_ + turn_events_max);
  for (; handled_ < end; ++handled_) {
    std::visit([this](auto& one) { handle(one); }, batch_[handled_]);
  }
  const steady_point now = env_.time.steady();
  if (now >= next_housekeeping_) housekeeping(now);
  for (const unreachable_destination& one : table_.take_unreachable()) env_.run.let_go(one.name, one.silence);
  if (table_.take_changed()) lanes_dirty_ = true;
  if (lanes_dirty_) pump();
  at_rest_.store(!starting_ && jobs_.empty() && !will_start(), std::memory_order_release);
}

// An intent is on its way to the store; its attempt follows when it is durable. A store that takes no writes keeps none
// waiting.
bool dispatcher::will_start() const {
  const auto has_starts = [](const auto& one) { return !one.second.starts.empty(); };
  const bool any = std::any_of(settles_.begin(), settles_.end(), has_starts) ||
                   std::any_of(accepts_.begin(), accepts_.end(), has_starts);
  return any && env_.store.health().writable;
}

void dispatcher::recover() {
  lanes_.restore(env_.store.lanes());
  for (const auto& [id, count] : env_.store.in_line()) {
    if (lanes_.knows(id)) lanes_.at(id).in_line = static_cast<std::int64_t>(count);
  }
  table_.restore(env_.store.usage());
  for (const policy::destination_traits& one : rules_->destinations()) {
    env_.metrics.destination(one.name, "").unknown.set(static_cast<double>(env_.store.tied_to(one.name)));
  }
  recount_backlogs();
  tell_of_gone_destinations();
  recover_intents();
}

// A reload refuses a configuration without a destination that recipients are tied to; a start cannot.
void dispatcher::tell_of_gone_destinations() {
  lanes_.for_each([this](const lane& one) {
    const std::vector<std::string>& names = one.row().candidates;
    const bool any = std::any_of(names.begin(), names.end(), [this](const auto& name) { return table_.known(name); });
    if (any || names.empty() || one.in_line == 0) return;
    env_.log.warning("destination_gone", {{"destination", names.front()}, {"recipients", one.in_line}});
  });
}

// What cannot be read for the moment is asked for again; until then it waits as it is, and nobody else may start it.
void dispatcher::recover_intents() {
  recover_after_.reset();
  const auto rows = env_.store.open_intents();
  if (!rows) {
    env_.log.error("recover_failed", {{"error", rows.error().message()}});
    return recover_later(rows.error());
  }
  if (planted(defect::intent_forgotten_at_start)) return;
  recover(*rows);
}

void dispatcher::recover_later(const error& failure) {
  if (may_be_read_later(failure)) recover_after_ = env_.time.steady() + reread_after;
}

// What waits for damage that a repetition has mended: taken up after a pause, because whoever found the damage may not
// have told yet; or its attempt was under way when the process ended, and could not be recovered then.
void dispatcher::take_up_again(const std::vector<spool::waiting_recipient>& restored) {
  std::vector<spool::recipient_row> lost;
  for (const spool::waiting_recipient& one : restored) {
    if (!one.has_intent) {
      unread_.push_back({env_.time.steady() + reread_after, one.lane, one.at});
    } else if (auto row = env_.store.load_recipient(one.at.key); !row) {
      recover_later(row.error());
    } else if (row->intent) {
      lost.push_back(std::move(*row));
    }
  }
  recover(lost);
}

// Attempts whose acceptance has been written while the answer is still in the mailbox: their keys are leased when that
// is read, because a merge gives them only then.
std::unordered_set<std::string_view> dispatcher::starting_with_acceptance() const {
  std::unordered_set<std::string_view> out;
  for (const auto& [number, one] : accepts_) {
    for (const pending_accept::start& start : one.starts) out.insert(start.attempt_id);
  }
  return out;
}

// Intents without an attempt: nobody knows what became of it.
void dispatcher::recover(const std::vector<spool::recipient_row>& rows) {
  const time_point now = env_.time.now();
  settlement work;
  const auto begun = starting_with_acceptance();
  for (const spool::recipient_row& row : rows) {
    // An attempt of this life.
    if (leased(row.key) || (row.intent && begun.contains(row.intent->attempt_id))) continue;
    const std::string destination = row.intent ? row.intent->destination : row.pinned_destination;
    const policy::route_config* route = row.intent ? route_named(row.intent->route) : nullptr;
    auto message = env_.store.load_message_row(row.key.message);
    if (!message) {
      env_.log.error("recover_message_missing",
                     {{"queue_id", row.key.message.to_string()}, {"error", message.error().message()}});
      recover_later(message.error());
      continue;
    }
    mail::recipient_outcome lost;
    lost.outcome = mail::attempt_outcome::unknown;
    lost.reply = "the process ended before the outcome was known";
    spool::recipient_row after = with_attempt(row, lost, now);
    after.intents_lost = row.intents_lost + 1;
    if (after.intents_lost >= limits::intents_lost_max) {
      after = as_final(std::move(after), mail::recipient_state::dead_lettered, "poison", now);
      env_.metrics.poison_total.add();
    } else {
      after = as_unknown(std::move(after), destination, rules_->config(), route, is_api(destination), message->expires,
                         now);
      after.intents_lost = row.intents_lost + 1;
      const auto choice = route == nullptr ? policy::on_unknown::same_destination : route->on_unknown;
      // SMTP repeats at once: the peer discards what it did not finish, and a copy is better than a loss (RFC 1047).
      // Behind what waits already: in front it would be in flight at the next crash as well, whoever causes it.
      if (choice != policy::on_unknown::hold && !is_api(destination)) after.due = now;
      if (choice == policy::on_unknown::duplicate_is_better || planted(defect::decided_anew_after_crash)) {
        after = as_deferred(std::move(after), now, "outcome_unknown", now);
        after.pinned_destination.clear();
      }
    }
    const mail::traffic_stream stream = message->stream;
    if (table_.known(destination)) {
      auto& shown = env_.metrics.destination(destination, "");
      shown.unknown_total["crash"].add();
      shown.attempts[index_of(stream)][static_cast<std::size_t>(lost.outcome)].add();
    }
    lease(row.key);
    const auto kind = is_final(after.state) ? events::event_kind::disposition : events::event_kind::attempt;
    if (!planted(defect::crash_not_told)) work.request.ledger.push_back(ledger_line(*message, after, kind));
    work.request.changes.push_back({row, after, stream});
    if (is_final(after.state)) poison_notice(work, *message, after);
    if (!is_final(after.state)) work.follow.waits.push_back({after.lane, {{after.due, after.key}, nullptr}, false});
  }
  if (!work.request.changes.empty()) {
    env_.log.warning("recovered_intents", {{"recipients", work.request.changes.size()}});
    settle(std::move(work));
  }
}

// What starts at once carries its intent in the accept commit: no sync of its own.
void dispatcher::start_with_acceptance(const start_group& group, const delivery_message& message,
                                       const std::vector<std::size_t>& open, spool::accept_request& request,
                                       pending_accept& pending) {
  const spool::recipient_row& first = request.recipients[open[group.rows.front()]];
  const bool may_start =
      starting_ && leased_.size() < config_.unsettled_max && lanes_.at(first.lane).idle(env_.time.now());
  if (!may_start) return;
  // A copy goes along with the intent, and there is no room for another message in an accept commit.
  if (!group.copies.empty()) return;
  auto held = table_.reserve(group.candidate, subject_of(message, first, group.rows.size()));
  if (!std::holds_alternative<reservation>(held)) return;
  table_.take_usage(request.usage);
  const spool::attempt_intent intent = make_intent(group);
  for (std::size_t i = 0; i < group.rows.size(); ++i) {
    spool::recipient_row& row = request.recipients[open[group.rows[i]]];
    row.state = mail::recipient_state::attempting;
    row.intent = intent;
    row.intent->passed_over = group.passed_over[i];
  }
  budget_.first_attempt(env_.time.steady());
  lanes_.charge(first.lane, group.rows.size(), message.row().size);
  pending.starts.push_back({intent.attempt_id, std::move(std::get<reservation>(held)),
                            static_cast<adapters::delivery_way>(group.candidate.way), group.has_other_way});
}

// What acceptance makes of a recipient that is not attempted now.
spool::recipient_row dispatcher::not_started(spool::recipient_row row, const policy::decision& why) {
  const time_point now = env_.time.now();
  if (why.action == policy::action::wait) return as_deferred(std::move(row), now, why.action_reason, now);
  if (why.action == policy::action::discard) {
    return as_final(std::move(row), mail::recipient_state::discarded, why.action_reason, now);
  }
  if (why.action == policy::action::suppress) {
    count_suppressed(why);
    return as_suppressed(std::move(row), why.action_reason, now);
  }
  for (const policy::candidate& one : why.candidates) {
    if (!one.invariant.empty()) env_.metrics.invariant_holds(one.invariant).add();
  }
  return as_held(std::move(row), why.action == policy::action::refuse ? "policy_refuses" : why.action_reason, now);
}

// The client is told 250 for the others, so of these it is told by a notice, which the accept commit stores as well: a
// crash after it cannot lose the notice.
void dispatcher::tell_with_acceptance(settlement told, spool::accept_request& request, pending_accept& pending) {
  make_notices(told);
  for (std::size_t i = 0; i < told.request.accepts.size(); ++i) {
    spool::accept_request& one = told.request.accepts[i];
    pending_settle::waiting& wait = told.follow.waits[i];
    pending.keys.push_back(wait.item.at.key);
    pending_accept::notice notice{
        {}, one.recipients.front().address, wait.lane, spool::stands_in_line(one.recipients.front().state), {}};
    for (const std::uint32_t at : one.about) notice.about.push_back(request.recipients[at].address);
    notice.item = std::move(wait.item);
    pending.notices.push_back(std::move(notice));
    request.new_lanes.insert(request.new_lanes.end(), one.new_lanes.begin(), one.new_lanes.end());
    request.made.push_back(std::move(one));
  }
}

void dispatcher::take_up_notices(pending_accept& pending, const std::vector<spool::recipient_row>& added) {
  if (pending.notices.empty()) return;
  std::unordered_set<std::string_view> stored;
  for (const spool::recipient_row& row : added) stored.insert(row.address);
  for (pending_accept::notice& one : pending.notices) {
    const auto told = static_cast<std::size_t>(std::count_if(
        one.about.begin(), one.about.end(), [&](const auto& address) { return stored.contains(address); }));
    if (told == 0) {
      notices_.give_back(one.to);
      continue;
    }
    // A merge knew the others: what it stored says less than what is in memory.
    if (told < one.about.size()) one.item.warm.reset();
    if (one.stands_in_line) count_in_line(one.lane, 1);
    lanes_.at(one.lane).put(std::move(one.item));
  }
}

void dispatcher::handle(accept_event& event) {
  spool::accept_request& request = event.request;
  auto made = make_delivery_message(request.message, request.content, std::move(request.analysed));
  if (!made) {
    event.done(made.error());
    return;
  }
  const message_ptr message = std::move(*made);
  const time_point now = env_.time.now();
  pending_accept pending;
  pending.message = message;

  std::vector<std::size_t> open;  // indices of rows that want to start now
  std::vector<spool::recipient_row> candidates;
  for (std::size_t i = 0; i < request.recipients.size(); ++i) {
    spool::recipient_row& row = request.recipients[i];
    if (is_final(row.state)) continue;
    set_lane(*message, row, request.new_lanes);
    row.changed = now;
    if (request.message.send_at && *request.message.send_at > now) {
      row.state = mail::recipient_state::scheduled;
      row.due = *request.message.send_at;
      continue;
    }
    row.state = mail::recipient_state::ready;
    row.due = now;
    open.push_back(i);
    candidates.push_back(row);
  }

  const planned ways = plan(*message, candidates, {});
  for (const auto& [at, why] : ways.others)
    request.recipients[open[at]] = not_started(request.recipients[open[at]], why);
  for (const start_group& group : ways.groups) start_with_acceptance(group, *message, open, request, pending);
  events::ledger_event accepted;
  accepted.at = now;
  accepted.message = request.message.id;
  accepted.stream = to_string(request.message.stream);
  accepted.stream_reason = request.message.stream_reason;
  accepted.campaign = request.message.campaign;
  request.ledger.push_back({0, request.message.tenant, events::encode(accepted)});
  settlement told;
  for (std::size_t i = 0; i < request.recipients.size(); ++i) {
    const spool::recipient_row& row = request.recipients[i];
    // Refused by preflight, suppressed or discarded: settled in this very commit.
    if (is_final(row.state))
      request.ledger.push_back(ledger_line(message->row(), row, events::event_kind::disposition));
    const bool is_told = row.state == mail::recipient_state::refused || row.state == mail::recipient_state::suppressed;
    owed_notice* notice = is_told ? bounce_notice(told, *message, row) : nullptr;
    if (notice != nullptr) notice->about.push_back(static_cast<std::uint32_t>(i));
    lease(row.key);
    pending.keys.push_back(row.key);
  }
  tell_with_acceptance(std::move(told), request, pending);
  for (const spool::lane_row& row : request.new_lanes) pending.new_lanes.push_back(row.id);

  const std::uint64_t number = next_number_++;
  accepts_.emplace(number, std::move(pending));
  env_.store.accept(
      std::move(request), [this, number, done = std::move(event.done)](result<spool::accept_answer> answer) {
        if (answer) {
          done(spool::accept_answer{answer->message, answer->added, {}});  // the door tells each recipient's state
        } else {
          done(answer.error());
        }
        mailbox_.push_always(accepted_event{number, std::move(answer)});
      });
}

void dispatcher::handle(accepted_event& event) {
  auto node = accepts_.extract(event.pending);
  pending_accept& pending = node.mapped();
  for (const spool::recipient_key& key : pending.keys) unlease(key);
  if (!event.answer) {
    for (const auto& start : pending.starts) table_.cancel(start.held);
    table_.forget_promises();
    for (const pending_accept::notice& one : pending.notices) notices_.give_back(one.to);
    return;
  }
  for (const spool::lane_id id : pending.new_lanes) lanes_.at(id).mark_stored();
  spool::accept_answer& answer = *event.answer;
  message_ptr message = pending.message;
  if (answer.message.id() != message->row().id && !answer.added.empty()) {
    // Merged under the first message's id.
    spool::message_row row = message->row();
    row.id = answer.message.id();
    auto merged = make_delivery_message(std::move(row), message->content());
    if (merged) message = std::move(*merged);
  }
  for (auto& begun : pending.starts) {
    auto one = std::make_unique<job>();
    for (spool::recipient_row& row : answer.added) {
      // What is moved from keeps its state and that it has an intent: below it is passed over.
      if (row.intent && row.intent->attempt_id == begun.attempt_id) one->rows.push_back(std::move(row));
    }
    if (one->rows.empty()) {
      table_.cancel(begun.held);
      table_.forget_promises();
      continue;
    }
    one->message = message;
    one->held = std::move(begun.held);
    one->way = begun.way;
    one->has_other_way = begun.has_other_way;
    for (const spool::recipient_row& row : one->rows) lease(row.key);
    start(std::move(one));
  }
  for (const spool::recipient_row& row : answer.added) {
    if (is_final(row.state)) {
      record(note_of({row, row, message->row().stream}));
      continue;
    }
    count_in_line(row, 1);
    if (row.intent || row.state == mail::recipient_state::held || leased(row.key)) continue;
    lanes_.at(row.lane).put(item_for(message, row));
  }
  take_up_again(answer.restored);
  take_up_notices(pending, answer.added);
  lanes_dirty_ = true;
}

}  // namespace stellwerk::delivery
