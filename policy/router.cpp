#include "policy/router.hpp"

#include <algorithm>

#include "base/planted_defect.hpp"
#include "policy/invariant/capability_filter.hpp"

namespace stellwerk::policy {
namespace {

using mail::attempt_outcome;

bool remains(const candidate& one) {
  return one.verdict != verdict::filtered && one.reason != candidate_reason::pinned_elsewhere;
}

void set_aside(candidate& one, verdict standing, candidate_reason reason, std::string detail = {}) {
  one.verdict = standing;
  one.reason = reason;
  one.detail = std::move(detail);
}

// Why a destination that failed in the walk going on now is not offered again in it.
candidate_reason reason_after(attempt_outcome outcome) {
  switch (outcome) {
    case attempt_outcome::refused_account: return candidate_reason::account_refused;
    case attempt_outcome::refused_sender: return candidate_reason::sender_refused;
    case attempt_outcome::throttled: return candidate_reason::throttled;
    case attempt_outcome::delivered:
    case attempt_outcome::rejected_recipient:
    case attempt_outcome::rejected_message:
    case attempt_outcome::refused_policy:
    case attempt_outcome::adapter_fault: return candidate_reason::already_rejected;
    case attempt_outcome::deferred_recipient:
    case attempt_outcome::deferred_mailbox_provider:
    case attempt_outcome::deferred_destination:
    case attempt_outcome::unknown: return candidate_reason::ejected;
  }
  return candidate_reason::ejected;
}

const past_attempt* last_attempt_at(const history& past, std::string_view destination) {
  const auto found = std::find_if(past.attempts.rbegin(), past.attempts.rend(),
                                  [&](const past_attempt& one) { return one.destination == destination; });
  return found == past.attempts.rend() ? nullptr : &*found;
}

}  // namespace

decision router::decide() {
  decide_without_list();
  suppress();
  return std::move(made_);
}

void router::decide_without_list() {
  if (!about_.message->shadow_destination.empty()) return decide_for_a_copy();
  const auto index = matching_route();
  if (index) return decide_by_route(*index);
  made_.action = action::hold;
  made_.action_reason = "no_route";
}

// Comes last, so that nothing before it (a pin, an operator's choice, panic) can bring the recipient back.
void router::suppress() {
  const std::string_view why = live_.suppressed(about_.message->tenant, about_.recipient, about_.stream, now_);
  if (why.empty()) return;
  for (candidate& one : made_.candidates) {
    set_aside(one, verdict::filtered, candidate_reason::invariant, std::string{why});
    one.invariant = suppression_name;
    one.panic = false;
  }
  made_.shadows.clear();
  made_.ended_by_node = false;
  made_.action = action::suppress;
  made_.action_reason = std::string{suppression_name} + ":" + std::string{why};
}

decision router::decide_at_the_door(std::size_t index) {
  accepted_ = false;
  decide_by_route(index);
  return std::move(made_);
}

void router::decide_by_route(std::size_t index) {
  made_.route = index;
  proposal proposed;
  rules_.routes[index].tree->propose(about_, past_, live_, now_, proposed);
  made_.candidates = std::move(proposed.candidates());
  const bool ends_at_once = made_.candidates.empty();
  if (!ends_at_once) {
    offer_pinned();
    offer_rerouted();
    if (!past_.pinned_destination.empty()) keep_pinned(past_.pinned_destination, "outcome_unknown");
    const bool is_bound = past_.tried_now.empty() || !planted(defect::invariants_skipped_on_failover);
    if (is_bound) rules_.invariants.apply(about_, rules_.destinations, made_.candidates);
    filter_by_capabilities();
    filter_already_rejected();
    look_at_tried_now();
    look_at_live_state();
    keep_after_last_attempt();
    choose();
  }
  if (made_.chosen() == nullptr && !choose_in_panic()) conclude_without_choice(proposed.end(), proposed.text());
  if (const candidate* chosen = made_.chosen(); chosen != nullptr && !chosen->shadows.empty()) {
    for (const std::uint16_t destination : chosen->shadows) made_.shadows.emplace_back().destination = destination;
    filter_copies(made_.shadows);
  }
}

// A copy is bound by what binds its original, and never leaves by a way that would deliver it: only the API of a vendor
// has a sandbox, its relay has none.
void router::filter_copies(std::vector<candidate>& copies) const {
  rules_.invariants.apply(about_, rules_.destinations, copies);
  for (candidate& one : copies) {
    if (one.verdict == verdict::filtered) continue;
    const destination_traits& destination = rules_.destinations[one.destination];
    capability_verdict can = check_capabilities(about_, past_, destination);
    if (!can.allowed) {
      set_aside(one, verdict::filtered, candidate_reason::capability, std::move(can.detail));
    } else if (can.way != way::main || !destination.can_sandbox) {
      set_aside(one, verdict::filtered, candidate_reason::capability, "no_sandbox");
    }
  }
}

// A copy goes where it was made for, whatever the routes have become, or nowhere.
void router::decide_for_a_copy() {
  const auto index = rules_.index_of(about_.message->shadow_destination);
  if (index) made_.candidates.emplace_back().destination = *index;
  filter_copies(made_.candidates);
  look_at_live_state();
  choose();
  if (made_.chosen() != nullptr) return;
  const bool waits = std::any_of(made_.candidates.begin(), made_.candidates.end(), remains);
  made_.action = waits ? action::wait : action::discard;
  made_.action_reason = waits ? "no_destination_available" : "shadow";
}

std::optional<std::size_t> router::matching_route() const {
  const fact_activation asked{about_, rules_.destinations, live_, now_};
  for (std::size_t i = 0; i < rules_.routes.size(); ++i) {
    if (rules_.routes[i].when->ask(asked) == condition::answer::yes) return i;
  }
  return std::nullopt;
}

const route_config& router::route() const {
  static const route_config none;  // of a copy
  return made_.route < rules_.config.routes.size() ? rules_.config.routes[made_.route] : none;
}

bool router::deadline_passed() const {
  const time_point accepted_at = about_.message->accepted_at;
  if (!route().deadline || route().on_deadline != on_deadline::next || accepted_at == time_point{}) return false;
  return now_ - accepted_at >= *route().deadline;
}

bool router::may_spill() const {
  return deadline_passed() || (route().spill_after && about_.age >= *route().spill_after);
}

// A destination that may have the message already keeps it, also after a reload that took it out of the route.
void router::offer_pinned() {
  if (past_.pinned_destination.empty()) return;
  const auto index = rules_.index_of(past_.pinned_destination);
  if (!index) return;
  const auto found = std::find_if(made_.candidates.begin(), made_.candidates.end(),
                                  [&](const candidate& one) { return one.destination == *index; });
  if (found == made_.candidates.end()) {
    made_.candidates.emplace_back().destination = *index;
  } else if (found->reason == candidate_reason::weight) {
    // A weight says where new mail goes.
    set_aside(*found, verdict::standby, candidate_reason::none);
  }
}

// What an operator chose comes first, named by the route or not; it is filtered like any other.
void router::offer_rerouted() {
  if (past_.rerouted_to.empty() || !past_.pinned_destination.empty()) return;
  const auto index = rules_.index_of(past_.rerouted_to);
  if (!index) return;
  auto found = std::find_if(made_.candidates.begin(), made_.candidates.end(),
                            [&](const candidate& one) { return one.destination == *index; });
  if (found == made_.candidates.end()) {
    found = made_.candidates.insert(found, candidate{});
    found->destination = *index;
  }
  // A weight says where new mail goes.
  if (found->reason == candidate_reason::weight) set_aside(*found, verdict::standby, candidate_reason::none);
  std::rotate(made_.candidates.begin(), found, found + 1);
}

void router::keep_pinned(std::string_view destination, std::string_view why) {
  for (candidate& one : made_.candidates) {
    if (one.verdict == verdict::filtered || name_of(one) == destination) continue;
    set_aside(one, verdict::unavailable, candidate_reason::pinned_elsewhere, std::string{why});
  }
}

// A refusal by policy is confirmed where it was given; a deferral is repeated where it was given (greylisting knows the
// peer that asks again), unless the route moves on or that destination is not available.
void router::keep_after_last_attempt() {
  if (!past_.pinned_destination.empty() || past_.attempts.empty() || deadline_passed()) return;
  const past_attempt& last = past_.attempts.back();
  if (!past_.rerouted_to.empty() && last.destination != past_.rerouted_to) return;
  const bool confirms = last.outcome == attempt_outcome::refused_policy;
  const bool repeats = last.outcome == attempt_outcome::deferred_recipient && route().on_deferral == on_deferral::wait;
  if (!confirms && !repeats) return;
  // Ten refusals in a row meant the account, not this message: there is nothing to confirm there.
  const auto index = rules_.index_of(last.destination);
  if (confirms && index && live_.destination(*index, about_.stream).unavailable == candidate_reason::account_refused)
    return;
  const bool there = std::any_of(made_.candidates.begin(), made_.candidates.end(), [&](const candidate& one) {
    return name_of(one) == last.destination && (confirms ? remains(one) : one.verdict == verdict::standby);
  });
  if (there) keep_pinned(last.destination, mail::to_string(last.outcome));
}

void router::filter_by_capabilities() {
  for (candidate& one : made_.candidates) {
    if (one.verdict == verdict::filtered) continue;
    capability_verdict can = check_capabilities(about_, past_, rules_.destinations[one.destination]);
    one.way = can.way;
    if (!can.allowed) {
      set_aside(one, verdict::filtered, candidate_reason::capability, std::move(can.detail));
    } else if (one.detail.empty()) {
      one.detail = std::move(can.detail);
    }
  }
}

void router::filter_already_rejected() {
  for (const past_attempt& attempt : past_.attempts) {
    if (attempt.outcome != attempt_outcome::rejected_message) continue;
    const auto refused_by = rules_.index_of(attempt.destination);
    for (candidate& one : made_.candidates) {
      if (one.verdict == verdict::filtered) continue;
      const bool differs =
          refused_by && *refused_by != one.destination &&
          differs_in(attempt.refused_point, rules_.destinations[*refused_by], rules_.destinations[one.destination]);
      if (differs) continue;
      set_aside(one, verdict::filtered, candidate_reason::already_rejected,
                attempt.refused_point.empty() ? "rejected_message" : "rejected_message: " + attempt.refused_point);
    }
  }
}

void router::look_at_tried_now() {
  for (candidate& one : made_.candidates) {
    if (one.verdict != verdict::standby) continue;
    const std::string& name = name_of(one);
    if (std::find(past_.tried_now.begin(), past_.tried_now.end(), name) == past_.tried_now.end()) continue;
    const past_attempt* last = last_attempt_at(past_, name);
    set_aside(one, verdict::unavailable,
              last != nullptr ? reason_after(last->outcome) : candidate_reason::already_rejected,
              last != nullptr ? "tried_now: " + std::string{mail::to_string(last->outcome)} : "tried_now");
  }
}

void router::look_at_live_state() {
  stops_.assign(made_.candidates.size(), false);
  for (std::size_t i = 0; i < made_.candidates.size(); ++i) {
    if (made_.candidates[i].verdict == verdict::standby) look_at(i);
  }
}

void router::look_at(std::size_t index) {
  candidate& one = made_.candidates[index];
  if (rules_.destinations[one.destination].removed) {
    return set_aside(one, verdict::unavailable, candidate_reason::drained, "removed");
  }
  if (const auto* refused = refused_now(one)) return look_at_refused_now(index, *refused);
  const destination_status status = live_.destination(one.destination, about_.stream);
  if (status.unavailable != candidate_reason::none) {
    set_aside(one, verdict::unavailable, status.unavailable);
    // Too fast, or its own bounds are full: mail stays in its lane rather than flooding the next one.
    stops_[index] =
        (status.unavailable == candidate_reason::throttled || status.unavailable == candidate_reason::limit) &&
        !may_spill() && !one.overflows;
    return;
  }
  // As a standby it is protected from what it could not work off; mail of its own is not kept from it.
  const auto& backlog_max = rules_.destinations[one.destination].backlog_max;
  if (index > 0 && backlog_max && status.backlog >= static_cast<std::int64_t>(*backlog_max)) {
    set_aside(one, verdict::unavailable, candidate_reason::limit, "backlog_max");
    stops_[index] = !may_spill() && !one.overflows;
    return;
  }
  // Beyond the threshold of a `spill` node the surplus goes on; what fits goes on leaving here.
  if (one.overflows && status.full) return set_aside(one, verdict::unavailable, candidate_reason::limit, "spill");
  const candidate_reason pair = live_.pair(one.destination, about_.mailbox_provider);
  if (pair != candidate_reason::none) {
    set_aside(one, verdict::unavailable, pair, "mailbox_provider " + std::string{about_.mailbox_provider});
    stops_[index] = pair == candidate_reason::throttled
                        ? !may_spill() && !one.overflows
                        : route().on_deferral == on_deferral::wait && !deadline_passed();
    return;
  }
  if (live_.sender_refused(one.destination, about_.message->header_from_domain)) {
    set_aside(one, verdict::unavailable, candidate_reason::sender_refused, about_.message->header_from_domain);
  }
}

// What was free when it was looked at and gone when it was asked for: the same consequences as if it had been seen to
// be gone.
void router::look_at_refused_now(std::size_t index, const refused_reservation& refused) {
  candidate& one = made_.candidates[index];
  set_aside(one, verdict::unavailable, refused.reason, "at_reservation");
  const bool would_wait = refused.reason == candidate_reason::throttled || refused.reason == candidate_reason::limit;
  switch (refused.of) {
    case refused_reservation::part::destination: stops_[index] = would_wait && !may_spill() && !one.overflows; break;
    case refused_reservation::part::mailbox_provider:
      stops_[index] = route().on_deferral == on_deferral::wait && !deadline_passed();
      break;
    case refused_reservation::part::allowance:
    case refused_reservation::part::sender: break;
  }
}

const refused_reservation* router::refused_now(const candidate& one) const {
  const auto known = std::find_if(past_.refused_now.begin(), past_.refused_now.end(),
                                  [&](const refused_reservation& it) { return it.destination == name_of(one); });
  return known == past_.refused_now.end() ? nullptr : &*known;
}

void router::choose() {
  candidate* first = nullptr;
  candidate* untried = nullptr;
  for (std::size_t i = 0; i < made_.candidates.size(); ++i) {
    candidate& one = made_.candidates[i];
    if (stops_[i] && remains(one)) break;
    if (one.verdict != verdict::standby) continue;
    if (first == nullptr) first = &one;
    if (untried == nullptr && last_attempt_at(past_, name_of(one)) == nullptr) untried = &one;
  }
  // After the deadline what was tried has had its time: the next one that was not comes first.
  if (past_.pinned_destination.empty() && untried != nullptr && untried != first && deadline_passed()) {
    first->detail = "deadline";
    first = untried;
  }
  if (first == nullptr) return;
  first->verdict = verdict::chosen;
  first->reason = candidate_reason::none;
  made_.action = action::deliver;
}

// Everything that is left is ejected by ratio or latency: better a tenth of the traffic into a doubtful peer than none
// anywhere. Never for any other reason (architecture section 4).
bool router::choose_in_panic() {
  candidate* first = nullptr;
  for (candidate& one : made_.candidates) {
    if (!remains(one)) continue;
    if (one.verdict != verdict::unavailable || one.reason != candidate_reason::ejected || !one.detail.empty())
      return false;
    const destination_status status = live_.destination(one.destination, about_.stream);
    if (status.unavailable != candidate_reason::ejected || !status.panic_allowed) return false;
    if (first == nullptr) first = &one;
  }
  if (first == nullptr) return false;
  set_aside(*first, verdict::chosen, candidate_reason::none);
  first->panic = true;
  made_.action = action::deliver;
  return true;
}

void router::conclude_without_choice(proposal::ending ending, std::string_view text) {
  if (std::none_of(made_.candidates.begin(), made_.candidates.end(), remains)) return conclude_empty(ending, text);
  const bool waits_for_one = std::find(stops_.begin(), stops_.end(), true) != stops_.end();
  if (ending == proposal::ending::hold && past_.pinned_destination.empty() && !waits_for_one) {
    made_.action = action::hold;
    made_.action_reason = text;
    made_.ended_by_node = true;
    return;
  }
  // Nobody takes this sender, or nobody understands our request: waiting changes neither, bouncing would be wrong.
  const candidate* hopeless = nullptr;
  bool all_hopeless = true;
  for (const candidate& one : made_.candidates) {
    if (!remains(one)) continue;
    const bool is_hopeless = (one.reason == candidate_reason::sender_refused && refused_now(one) == nullptr) ||
                             one.reason == candidate_reason::already_rejected;
    all_hopeless = all_hopeless && is_hopeless;
    if (hopeless == nullptr) hopeless = &one;
  }
  if (all_hopeless) {
    made_.action = action::hold;
    made_.action_reason = hopeless->reason == candidate_reason::sender_refused ? "sender_refused" : "adapter_fault";
    return;
  }
  made_.action = action::wait;
  made_.action_reason = "no_destination_available";
}

void router::conclude_empty(proposal::ending ending, std::string_view text) {
  if (!past_.pinned_destination.empty() && !rules_.index_of(past_.pinned_destination)) {
    made_.action = action::wait;
    made_.action_reason = "no_destination_available";
    return;
  }
  if (ending == proposal::ending::refuse) {
    // What was accepted is never refused by a later policy: somebody has to look at it.
    made_.action = accepted_ ? action::hold : action::refuse;
    made_.action_reason = accepted_ ? "policy_refuses" : std::string{text};
    made_.ended_by_node = true;
    return;
  }
  made_.action = ending == proposal::ending::discard ? action::discard : action::hold;
  if (ending == proposal::ending::hold || ending == proposal::ending::discard) {
    made_.action_reason = text;
    made_.ended_by_node = true;
    return;
  }
  const auto first_with = [&](candidate_reason reason) {
    return std::find_if(made_.candidates.begin(), made_.candidates.end(),
                        [&](const candidate& one) { return one.reason == reason; });
  };
  const auto none = made_.candidates.end();
  if (first_with(candidate_reason::already_rejected) != none) {
    made_.action_reason = "already_rejected";
  } else if (const auto one = first_with(candidate_reason::invariant); one != none) {
    made_.action_reason = "invariant:" + std::string{one->invariant};
  } else if (const auto other = first_with(candidate_reason::capability); other != none) {
    made_.action_reason = "capability:" + other->detail;
  } else {
    made_.action_reason = "weight";
  }
}

}  // namespace stellwerk::policy
