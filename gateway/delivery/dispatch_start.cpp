// From decision to attempt: who goes where, in which groups, with which intent.
#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "gateway/delivery/dispatcher.hpp"
#include "policy/explain.hpp"

#include "base/limits.hpp"
#include "base/planted_defect.hpp"

namespace stellwerk::delivery {
namespace {

bool is_api_main(const policy::destination_traits& traits, policy::way way) {
  return way == policy::way::main && !traits.capabilities.envelope_free;
}

std::uint32_t recipients_max(const policy::destination_traits& traits, policy::way way) {
  if (way == policy::way::relay && traits.relay_capabilities) return traits.relay_capabilities->recipients_max;
  return traits.capabilities.recipients_max;
}

constexpr std::size_t aside_max = 200;  // set aside in memory per lane, before later ones are written a later due time
constexpr duration put_off_time{std::chrono::minutes{1}};

// One more crash, and it is poison.
bool is_suspect(const spool::recipient_row& row) { return row.intents_lost + 1 >= limits::intents_lost_max; }

bool has_other_way(const policy::decision& made) {
  return std::any_of(made.candidates.begin(), made.candidates.end(),
                     [](const policy::candidate& one) { return one.verdict == policy::verdict::standby; });
}

// Out for this recipient although the destination serves others: its mailbox provider, its sender.
bool waits_for_its_own_sake(const policy::decision& why) {
  return std::any_of(why.candidates.begin(), why.candidates.end(), [](const policy::candidate& one) {
    const bool out = one.reason == policy::candidate_reason::ejected ||
                     one.reason == policy::candidate_reason::throttled ||
                     one.reason == policy::candidate_reason::sender_refused;
    return one.verdict == policy::verdict::unavailable && out && !one.detail.empty();
  });
}

}  // namespace

policy::decision dispatcher::decide(const delivery_message& message, const spool::recipient_row& row,
                                    const walk& so_far, bool sole) {
  const time_point now = env_.time.now();
  policy::facts facts = facts_of(message, row, now);
  facts.sole_attempt_of_all_recipients = sole;
  policy::history past = history_of(row);
  past.tried_now = so_far.tried;
  past.refused_now = so_far.refused;
  policy::decision made = rules_->decide(facts, past, table_, now);
  if (env_.decided) env_.decided({message, row, facts, past, *rules_, table_, now, made});
  return made;
}

dispatcher::planned dispatcher::plan(const delivery_message& message, const std::vector<spool::recipient_row>& rows,
                                     const walk& so_far) {
  // An API that sends by header is possible only if everybody goes in one attempt: first as if so, then without those
  // for whom it turned out otherwise.
  using way_key = std::tuple<std::uint16_t, policy::way, std::size_t, std::vector<std::uint16_t>, bool>;
  bool sole = rows.size() == message.row().recipients;
  for (;;) {
    planned result;
    std::map<way_key, std::size_t> group_of;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      policy::decision one = decide(message, rows[i], so_far, sole);
      const policy::candidate* chosen = one.chosen();
      if (one.action != policy::action::deliver || chosen == nullptr) {
        result.others.emplace_back(i, std::move(one));
        continue;
      }
      // Together only where the same bounds are taken from.
      const way_key key{chosen->destination, chosen->way, one.route, chosen->limits, chosen->panic};
      const auto known = group_of.find(key);
      const policy::destination_traits& traits = rules_->destinations()[chosen->destination];
      const bool joins =
          known != group_of.end() && result.groups[known->second].rows.size() < recipients_max(traits, chosen->way);
      if (!joins) {
        group_of[key] = result.groups.size();
        result.groups.push_back({{}, *chosen, one.route, {}, true, {}});
      }
      start_group& group = result.groups[group_of[key]];
      group.rows.push_back(i);
      group.passed_over.push_back(passed_over(*rules_, one));
      group.has_other_way = group.has_other_way && has_other_way(one);
      for (const policy::candidate& copy : one.shadows) {
        const bool wanted = copy.verdict == policy::verdict::standby && rows[i].attempts_made == 0;
        if (wanted) group.copies.emplace_back(rows[i].key, copy.destination);
      }
    }
    const bool by_api = std::any_of(result.groups.begin(), result.groups.end(), [&](const start_group& group) {
      return is_api_main(rules_->destinations()[group.candidate.destination], group.candidate.way);
    });
    if (!sole || !by_api || (result.groups.size() == 1 && result.others.empty())) return result;
    sole = false;
  }
}

attempt_subject dispatcher::subject_of(const delivery_message& message, const spool::recipient_row& row,
                                       std::size_t recipients) const {
  attempt_subject subject;
  subject.stream = message.row().stream;
  subject.mailbox_provider = facts_of(message, row, message.row().accepted).mailbox_provider;
  subject.header_from_domain = message.facts().header_from_domain;
  subject.recipients = static_cast<std::uint32_t>(recipients);
  subject.is_copy = message.is_copy();
  return subject;
}

spool::attempt_intent dispatcher::make_intent(const start_group& group) {
  spool::attempt_intent intent;
  intent.attempt_id = ids_.next().to_string();
  intent.destination = rules_->destinations()[group.candidate.destination].name;
  // A pinned recipient may go to a destination although no route names it any more.
  if (group.route < rules_->routes().size()) intent.route = rules_->routes()[group.route].name;
  intent.policy_version = rules_->version();
  intent.started = env_.time.now();
  return intent;
}

void dispatcher::set_lane(const delivery_message& message, spool::recipient_row& row,
                          std::vector<spool::lane_row>& made) {
  std::vector<std::string> names;
  bool drops = false;
  if (!row.pinned_destination.empty()) {
    names.push_back(row.pinned_destination);
  } else {
    const policy::facts facts = facts_of(message, row, env_.time.now());
    const auto chosen = rules_->lane_of(facts);
    for (const std::uint16_t index : chosen.candidates) names.push_back(rules_->destinations()[index].name);
    drops = drops_at_deadline(chosen.route);
    if (!row.rerouted_to.empty()) {
      std::erase(names, row.rerouted_to);
      names.insert(names.begin(), row.rerouted_to);
    }
  }
  const policy::retry_config& usual = rules_->config().retry.at(message.row().stream);
  const bool own_lifetime = drops || message.row().expires - message.starts() != usual.lifetime;
  auto lane = lanes_.intern(message.row().stream, message.row().tenant, names, own_lifetime);
  row.lane = lane.id;
  if (!lane.made) return;
  for (const spool::lane_row& known : made) {
    if (known.id == lane.id) return;
  }
  made.push_back(std::move(*lane.made));
}

void dispatcher::start(std::unique_ptr<job> what) {
  job& one = *what;
  one.id = next_number_++;
  one.started = env_.time.steady();
  const spool::message_row& row = one.message->row();
  adapters::attempt attempt;
  attempt.attempt_id = one.rows.front().intent->attempt_id;
  attempt.message = row.id;
  attempt.destination = one.held.destination;
  attempt.way = one.way;
  attempt.reverse_path = row.reverse_path;
  attempt.recipients.reserve(one.rows.size());
  for (const spool::recipient_row& recipient : one.rows)
    attempt.recipients.push_back({recipient.address, recipient.dsn});
  attempt.content = one.message->content();
  attempt.smtputf8 = row.smtputf8;
  attempt.body_8bitmime = row.body_8bitmime;
  attempt.envelope_id = row.envelope_id;
  attempt.return_full = row.return_full;
  attempt.stream = row.stream;
  attempt.campaign = row.campaign;
  attempt.tags = row.tags;
  attempt.metadata = row.metadata;
  attempt.sandbox = one.message->is_copy();
  // Stable over all attempts of these recipients: a vendor that takes keys sees a repeat as one.
  attempt.idempotency_key = row.id.to_string() + "-" + std::to_string(one.rows.front().key.index);
  attempt.deadline = one.started + config_.attempt_timeout;
  if (one.has_other_way) table_.bound_first_word(one.held, attempt);
  one.so_far.tried.push_back(one.held.destination);
  const std::uint64_t id = one.id;
  jobs_.emplace(id, std::move(what));
  in_flight_.store(jobs_.size(), std::memory_order_relaxed);
  env_.run.run(std::move(attempt), [this, id](adapters::attempt_report report) {
    mailbox_.push_always(report_event{id, std::move(report)});
  });
}

// `on_deadline: drop`: after its deadline the message is worth nothing (a code that has run out).
bool dispatcher::drops_at_deadline(std::size_t route) const {
  if (route >= rules_->routes().size()) return false;
  const policy::route_config& chosen = rules_->routes()[route];
  return chosen.deadline && chosen.on_deadline == policy::on_deadline::drop;
}

bool dispatcher::is_late(std::size_t route, const delivery_message& message) const {
  return drops_at_deadline(route) && env_.time.now() - message.starts() >= *rules_->routes()[route].deadline;
}

// Who would be mailed a code that has run out is not; a copy that may have arrived is left to its destination. True:
// the others have to be decided anew, because they are fewer.
bool dispatcher::drop_late(settlement& work, const message_ptr& message, std::vector<spool::recipient_row>& wanting,
                           const planned& ways) {
  std::vector<bool> late(wanting.size());
  for (const auto& [at, why] : ways.others) late[at] = is_late(why.route, *message);
  for (const start_group& group : ways.groups) {
    for (const std::size_t at : group.rows) late[at] = is_late(group.route, *message);
  }
  std::vector<spool::recipient_row> left;
  for (std::size_t i = 0; i < wanting.size(); ++i) {
    if (late[i] && wanting[i].pinned_destination.empty()) {
      drop(work, message, wanting[i]);
    } else {
      left.push_back(std::move(wanting[i]));
    }
  }
  std::swap(wanting, left);
  return wanting.size() < left.size();
}

// The sender was told 250: he is told this as well.
void dispatcher::drop(settlement& work, const message_ptr& message, const spool::recipient_row& before) {
  const spool::recipient_row after = as_final(before, mail::recipient_state::discarded, "deadline", env_.time.now());
  change(work, *message, before, after, events::event_kind::disposition);
  bounce_notice(work, *message, after);
}

// Rows of one message that are due: leased, in memory, about to be decided.
void dispatcher::begin(const message_ptr& message, std::vector<spool::recipient_row> rows) {
  const time_point now = env_.time.now();
  settlement work;
  std::vector<spool::recipient_row> wanting;
  std::vector<spool::recipient_row> unknown;
  for (spool::recipient_row& row : rows) {
    if (now >= message->row().expires) {
      expire(work, message, row);
    } else if (row.state == mail::recipient_state::scheduled && row.due > now) {
      // Looked at only because its lane stands still; a panic is for mail that is due.
      wait_in_lane(work, message, row, place::head);
    } else if (awaits_trial(row)) {
      wait_in_lane(work, message, row, place::aside);
    } else if (row.state == mail::recipient_state::unknown) {
      unknown.push_back(std::move(row));
    } else {
      wanting.push_back(std::move(row));
    }
  }
  if (!unknown.empty()) resolve_unknown(work, message, std::move(unknown));
  planned ways = plan(*message, wanting, {});
  if (drop_late(work, message, wanting, ways)) ways = plan(*message, wanting, {});
  for (const auto& [at, why] : ways.others) stay(work, message, wanting[at], why);
  for (const start_group& group : ways.groups) {
    std::vector<spool::recipient_row> before;
    before.reserve(group.rows.size());
    for (const std::size_t at : group.rows) before.push_back(wanting[at]);
    if (std::any_of(before.begin(), before.end(), [](const auto& row) { return row.attempts_made == 0; })) {
      budget_.first_attempt(env_.time.steady());
    }
    begin_group(work, message, before, group, before, {});
  }
  settle(std::move(work));
}

// Whoever was in flight at all crashes but one is tried alone: a crash then names the one that caused it, and does not
// take along who only stood beside it.
bool dispatcher::awaits_trial(const spool::recipient_row& row) const {
  return is_suspect(row) && on_trial_ && *on_trial_ != row.key.message;
}

void dispatcher::end_trial(const job& done) {
  if (!done.on_trial || --trials_ > 0) return;
  on_trial_.reset();
  lanes_.at(done.rows.front().lane).unpark();
}

// Reserves and writes the intent; what reserve refuses waits in its lane as it is.
void dispatcher::begin_group(settlement& work, const message_ptr& message,
                             const std::vector<spool::recipient_row>& before, const start_group& group,
                             std::vector<spool::recipient_row> after, const walk& so_far) {
  auto held = table_.reserve(group.candidate, subject_of(*message, after.front(), after.size()));
  const std::string& destination = rules_->destinations()[group.candidate.destination].name;
  const refusal* refused = std::get_if<refusal>(&held);
  if (!starting_ || refused != nullptr) {
    if (refused == nullptr) table_.cancel(std::get<reservation>(held));
    // Those behind may go elsewhere where it was something of this one's own that refused, or where the lane is pulled
    // although there is no room here: beyond a spill threshold.
    const bool own = refused != nullptr && refused->of != refusal::part::destination;
    const place where = own || table_.spills(destination) ? place::aside : place::head;
    if (!starting_) {
      for (std::size_t i = 0; i < after.size(); ++i)
        wait_for_room(work, message, before[i], std::move(after[i]), where);
      return;
    }
    walk further = so_far;
    further.refused.push_back({destination, refused->reason, refused->of});
    return go_on(work, message, before, std::move(after), further, where);
  }
  if (!group.copies.empty()) copy_to_sandbox(work, *message, after, group);
  auto one = std::make_unique<job>();
  one->message = message;
  one->held = std::move(std::get<reservation>(held));
  one->way = static_cast<adapters::delivery_way>(group.candidate.way);
  one->has_other_way = group.has_other_way;
  one->so_far = so_far;
  one->on_trial = std::any_of(after.begin(), after.end(), is_suspect);
  if (one->on_trial) {
    on_trial_ = message->row().id;
    ++trials_;
  }
  lanes_.charge(before.front().lane, after.size(), message->row().size);
  const spool::attempt_intent intent = make_intent(group);
  for (std::size_t i = 0; i < after.size(); ++i) {
    spool::recipient_row row = std::move(after[i]);
    row.state = mail::recipient_state::attempting;
    row.reason.clear();
    row.changed = env_.time.now();
    row.intent = intent;
    row.intent->passed_over = group.passed_over[i];
    // On its way on from an attempt that ended: that one is told as well.
    if (row.attempts.size() > before[i].attempts.size() || row.attempts_made > before[i].attempts_made) {
      work.request.ledger.push_back(ledger_line(message->row(), row, events::event_kind::attempt));
    }
    work.request.changes.push_back({before[i], row, message->row().stream});
    if (planted(defect::intent_not_written)) work.request.changes.back().after.intent.reset();
    one->rows.push_back(std::move(row));
  }
  work.request.urgent = true;
  work.follow.starts.push_back(std::move(one));
}

// Not started: it waits in its lane as it is, or, on its way to another destination, for that one with what happened so
// far written down.
void dispatcher::wait_for_room(settlement& work, const message_ptr& message, const spool::recipient_row& before,
                               spool::recipient_row row, place where) {
  if (row == before) return wait_in_lane(work, message, row, where);
  row = as_deferred(std::move(row), env_.time.now(), "waits_for_room", env_.time.now());
  set_lane(*message, row, work.request.new_lanes);
  change(work, *message, before, row, events::event_kind::attempt);
  wait_in_lane(work, message, row, where);
}

// The last of `so_far.refused` said no when it was asked: decided again with that known. Who may not go elsewhere
// waits.
void dispatcher::go_on(settlement& work, const message_ptr& message, const std::vector<spool::recipient_row>& before,
                       std::vector<spool::recipient_row> after, const walk& so_far, place where) {
  const planned ways = plan(*message, after, so_far);
  for (const auto& [at, why] : ways.others) wait_for_room(work, message, before[at], after[at], where);
  for (const start_group& group : ways.groups) {
    std::vector<spool::recipient_row> group_before;
    std::vector<spool::recipient_row> group_after;
    for (const std::size_t at : group.rows) {
      group_before.push_back(before[at]);
      group_after.push_back(after[at]);
    }
    begin_group(work, message, group_before, group, std::move(group_after), so_far);
  }
}

// No attempt now: wait, hold, discard, or refused by a policy that came after acceptance.
void dispatcher::stay(settlement& work, const message_ptr& message, const spool::recipient_row& before,
                      const policy::decision& why) {
  const time_point now = env_.time.now();
  if (why.action == policy::action::wait) {
    spool::recipient_row after = before;
    set_lane(*message, after, work.request.new_lanes);
    // Few wait in memory. Where a provider's or sender's mail is too much for that, it gets out of the way of the
    // others.
    if (waits_for_its_own_sake(why) && lanes_.at(after.lane).parked() >= aside_max && put_off_left_ > 0) {
      --put_off_left_;
      const duration jitter{
          static_cast<long long>(env_.random.below(static_cast<std::uint64_t>(put_off_time.count())))};
      after = as_deferred(std::move(after), now + put_off_time + jitter, why.action_reason, now);
    }
    if (!(after == before)) change(work, *message, before, after, events::event_kind::state);
    // Where nobody of its lane may go at this moment (on the way back of its destination, between two connections)
    // those behind it do not want its place, and it is the first to go in the next. A lane with room, also for a panic,
    // would be pulled again at once.
    const lane& home = lanes_.at(after.lane);
    const bool lets_others_go = waits_for_its_own_sake(why) || moves(home) || room_of(home) > 0;
    wait_in_lane(work, message, after, lets_others_go ? place::aside : place::head);
    return;
  }
  if (why.action == policy::action::suppress) return end_suppressed(work, *message, before, before, why);
  // A copy that may not go any more, or mail whose time came under a policy that discards it. What was accepted to be
  // sent is never thrown away by a policy that came later: somebody has to look at it.
  const bool discards = why.action == policy::action::discard;
  if (discards && (message->is_copy() || before.state == mail::recipient_state::scheduled)) {
    change(work, *message, before, as_final(before, mail::recipient_state::discarded, why.action_reason, now),
           events::event_kind::disposition);
    return;
  }
  const bool refused = why.action == policy::action::refuse;
  for (const policy::candidate& one : why.candidates) {
    if (!one.invariant.empty()) env_.metrics.invariant_holds(one.invariant).add();
  }
  const std::string_view reason = refused    ? "policy_refuses"
                                  : discards ? "policy_discards"
                                             : std::string_view{why.action_reason};
  change(work, *message, before, as_held(before, reason, now), events::event_kind::state);
}

}  // namespace stellwerk::delivery
