#include "gateway/delivery/destination_table.hpp"

#include <algorithm>
#include <utility>

#include "gateway/delivery/destination_slot.hpp"
#include "gateway/events/suppression_list.hpp"
#include "policy/route/limit_node.hpp"

namespace stellwerk::delivery {
namespace {

// Numbers may change, the kind of bound may not: another kind counts something else.
std::string gate_key(const std::string& name, const policy::limit_config& limit) {
  const char* kind = limit.rate_per_second ? "rate"
                     : limit.concurrency   ? "concurrency"
                     : limit.per_day       ? "per_day"
                     : limit.per_month     ? "per_month"
                     : limit.warmup        ? "warmup"
                                           : "budget";
  return name + " " + kind + (limit.budget ? " " + limit.budget->currency : "");
}

double price_of(const policy::destination_traits& traits, double recipients) {
  return traits.cost_per_thousand ? traits.cost_per_thousand->amount * recipients / 1000 : 0;
}

}  // namespace

destination_table::destination_table(const clock& time, random_source& random, logger& log, delivery_metrics& metrics)
    : time_{time}, random_{random}, log_{log}, metrics_{metrics} {}

destination_table::~destination_table() = default;

void destination_table::adopt(const std::shared_ptr<const policy::policy>& rules, stream_shares shares) {
  const bool health_changed = !rules_ || rules_->config().health != rules->config().health;
  shares_ = shares;
  adopt_destinations(*rules, health_changed);
  adopt_limits(*rules);
  wake_counters();
  rules_ = rules;
  changed_ = true;
}

void destination_table::adopt_destinations(const policy::policy& rules, bool health_changed) {
  for (auto& [name, one] : slots_) one->listed = false;
  by_index_.clear();
  for (const policy::destination_traits& traits : rules.destinations()) {
    std::unique_ptr<slot>& place = slots_[traits.name];
    if (!place || (health_changed && place->share.in_use() == 0)) {
      auto fresh = std::make_unique<slot>(traits, rules.config(), shares_, random_);
      if (place) fresh->carry_over(*place);
      place = std::move(fresh);
    } else {
      const bool paced_differently = place->traits.rate_per_second != traits.rate_per_second;
      place->traits = traits;
      if (paced_differently) place->adopt_limits();
      place->share.set_shares(shares_);
    }
    place->listed = true;
    place->spill = rules.spill_of(by_index_.size());
    place->metrics =
        &metrics_.destination(traits.name, traits.cost_per_thousand ? traits.cost_per_thousand->currency : "");
    by_index_.push_back(place.get());
    publish_state(*place);
  }
}

void destination_table::adopt_limits(const policy::policy& rules) {
  gate_by_index_.clear();
  gate_key_by_index_.clear();
  std::map<std::string, std::unique_ptr<policy::limit_gate>, std::less<>> kept;
  for (std::size_t i = 0; i < rules.limits().size(); ++i) {
    const policy::limit_config& limit = rules.limits()[i];
    std::string key = gate_key(rules.limit_names()[i], limit);
    std::unique_ptr<policy::limit_gate>& place = kept[key];
    if (auto known = gates_.extract(key); known) {
      place = std::move(known.mapped());
      place->change(limit);
    } else {
      place = std::make_unique<policy::limit_gate>(limit);
    }
    gate_by_index_.push_back(place.get());
    gate_key_by_index_.push_back(std::move(key));
  }
  for (auto& [key, gone] : gates_) {
    if (const policy::quota* counted = gone->counted()) dormant_["limit/" + key] = counted->mark();
  }
  gates_ = std::move(kept);
}

destination_table::slot& destination_table::at(std::string_view name) const { return *slots_.find(name)->second; }

policy::candidate_reason destination_table::unavailable(const slot& one, mail::traffic_stream stream) const {
  const steady_point now = time_.steady();
  if (one.traits.removed) return policy::candidate_reason::drained;
  if (const auto reason = one.health.unavailable(now); reason != policy::candidate_reason::none) return reason;
  // On its way back it admits one trial, then a share. What is more does not queue up behind it while another one is
  // well; nor does the trial itself, where mail that hangs there has every connection it is allowed.
  if (one.health.state() == policy::health_state::half_open && one.room(stream, now) == 0) {
    return policy::candidate_reason::ejected;
  }
  if (one.throttle.blocked(now)) return policy::candidate_reason::throttled;
  if (!one.quota_has(1, time_.now())) return policy::candidate_reason::quota;
  return policy::candidate_reason::none;
}

policy::destination_status destination_table::destination(std::size_t index, mail::traffic_stream stream) const {
  const slot& one = *by_index_[index];
  policy::destination_status status;
  status.unavailable = unavailable(one, stream);
  status.panic_allowed = status.unavailable == policy::candidate_reason::ejected && one.health.panic_allowed();
  status.backlog = one.backlog;
  status.waited = one.waited;
  status.spent = one.spent.used(time_.now());
  if (one.spill) {
    // Nobody else asks whether there is room at this very moment: what finds none waits in its lane.
    const steady_point now = time_.steady();
    status.full = one.share.in_use() >= one.health.connections_allowed(one.traits.connections, now) ||
                  (one.rate && !one.rate->has(1, now));
  }
  return status;
}

policy::candidate_reason destination_table::pair(std::size_t index, std::string_view mailbox_provider) const {
  const slot& one = *by_index_[index];
  const auto known = one.pairs.find(mailbox_provider);
  return known == one.pairs.end() ? policy::candidate_reason::none : known->second.unavailable(time_.steady());
}

bool destination_table::sender_refused(std::size_t index, std::string_view header_from_domain) const {
  return by_index_[index]->senders.refused(header_from_domain, time_.steady());
}

bool destination_table::limit_has_room(std::size_t limit_index, std::size_t destination) const {
  const policy::pacing_cost one_recipient{1, price_of(by_index_[destination]->traits, 1)};
  return gate_by_index_[limit_index]->has_room(one_recipient, time_.steady(), time_.now());
}

bool destination_table::available(std::string_view name, mail::traffic_stream stream) const {
  const auto known = slots_.find(name);
  return known != slots_.end() && unavailable(*known->second, stream) == policy::candidate_reason::none;
}

std::size_t destination_table::room(std::string_view name, mail::traffic_stream stream) const {
  const auto known = slots_.find(name);
  if (known == slots_.end()) return 0;
  const slot& one = *known->second;
  const steady_point now = time_.steady();
  if (one.rate && !one.rate->has(1, now)) return 0;
  return one.room(stream, now);
}

bool destination_table::panic_allowed(std::string_view name, mail::traffic_stream stream) const {
  const auto known = slots_.find(name);
  return known != slots_.end() && unavailable(*known->second, stream) == policy::candidate_reason::ejected &&
         known->second->health.panic_allowed();
}

bool destination_table::account_refused(std::string_view name) const {
  const auto known = slots_.find(name);
  return known != slots_.end() &&
         known->second->health.unavailable(time_.steady()) == policy::candidate_reason::account_refused;
}

bool destination_table::delivered_since(std::string_view name, time_point when) const {
  const auto known = slots_.find(name);
  return known != slots_.end() && known->second->delivered && *known->second->delivered > when;
}

// What is used up for good, or for now, so that waiting here helps less than going on.
std::optional<refusal> destination_table::refusal_by_limits(const policy::candidate& candidate,
                                                            const attempt_subject& subject, double money) const {
  const time_point wall = time_.now();
  const slot& one = *by_index_[candidate.destination];
  if (!subject.is_copy && !one.quota_has(subject.recipients, wall))
    return refusal{policy::candidate_reason::quota, refusal::part::allowance};
  const policy::pacing_cost cost{subject.recipients, money};
  for (const std::uint16_t gate : candidate.limits) {
    if (gate_by_index_[gate]->has_room(cost, time_.steady(), wall)) continue;
    return refusal{policy::reason_when_full(rules_->limits()[gate]), refusal::part::allowance};
  }
  return std::nullopt;
}

std::variant<reservation, refusal> destination_table::reserve(const policy::candidate& candidate,
                                                              const attempt_subject& subject) {
  slot& one = *by_index_[candidate.destination];
  const steady_point now = time_.steady();
  const time_point wall = time_.now();
  const double count = subject.recipients;
  if (!candidate.panic) {
    if (const auto reason = unavailable(one, subject.stream); reason != policy::candidate_reason::none)
      return refusal{reason};
  }
  if (one.room(subject.stream, now) == 0) return refusal{policy::candidate_reason::limit};
  if (one.rate && !one.rate->has(1, now)) return refusal{policy::candidate_reason::limit};
  const double money = subject.is_copy ? 0 : price_of(one.traits, count);
  if (const auto refused = refusal_by_limits(candidate, subject, money)) return *refused;
  reservation held{one.traits.name, subject, {}, {}, money, wall, false, false, now};
  if (const auto known = one.pairs.find(subject.mailbox_provider); known != one.pairs.end()) {
    const auto out = known->second.unavailable(now);
    if (!known->second.begin(now)) return refusal{out, refusal::part::mailbox_provider};
    held.pair_taken = true;
  }
  if (one.senders.size() > 0) {
    if (!one.senders.begin(subject.header_from_domain, now)) {
      if (held.pair_taken) one.pairs.find(subject.mailbox_provider)->second.cancel();
      return refusal{policy::candidate_reason::sender_refused, refusal::part::sender};
    }
    held.sender_taken = true;
  }
  const auto ticket = one.health.begin(now, candidate.panic ? policy::ignore_marks::panic : policy::ignore_marks::no);
  if (!ticket) {
    if (held.pair_taken) one.pairs.find(subject.mailbox_provider)->second.cancel();
    if (held.sender_taken) one.senders.cancel(subject.header_from_domain);
    const auto reason = one.health.unavailable(now);
    return refusal{reason == policy::candidate_reason::none ? policy::candidate_reason::limit : reason};
  }
  held.ticket = *ticket;
  if (one.rate && !one.rate->take(count, now)) {
    // A message with more recipients than a second's worth takes what is there; the debt is the next one's wait.
    (void)one.rate->take(1, now);
  }
  if (!subject.is_copy) {
    (void)one.sent.take(count, wall);
    if (const auto mark = one.sent.promise()) note("destination/" + one.traits.name + "/sent", *mark);
  }
  if (money > 0) {
    (void)one.spent.take(money, wall);
    if (const auto mark = one.spent.promise()) note("destination/" + one.traits.name + "/spent", *mark);
  }
  for (const std::uint16_t gate : candidate.limits) {
    policy::limit_gate& bound = *gate_by_index_[gate];
    (void)bound.take({subject.recipients, money}, now, wall);
    if (policy::quota* counted = bound.counted()) {
      if (const auto mark = counted->promise()) note("limit/" + gate_key_by_index_[gate], *mark);
    }
    held.limits.push_back(gate_key_by_index_[gate]);
  }
  one.share.take(subject.stream);
  return held;
}

void destination_table::cancel(const reservation& held) {
  slot& one = at(held.destination);
  one.health.cancel(held.ticket);
  one.share.release(held.subject.stream);
  if (one.rate) one.rate->give_back(held.subject.recipients);
  if (!held.subject.is_copy) one.sent.give_back(held.subject.recipients, held.taken);
  one.spent.give_back(held.money, held.taken);
  for (const std::string& key : held.limits) {
    if (const auto gate = gates_.find(key); gate != gates_.end()) {
      gate->second->give_back({held.subject.recipients, held.money}, held.taken);
    }
  }
  if (held.pair_taken) {
    if (const auto known = one.pairs.find(held.subject.mailbox_provider); known != one.pairs.end())
      known->second.cancel();
  }
  if (held.sender_taken) one.senders.cancel(held.subject.header_from_domain);
  changed_ = true;
}

void destination_table::note_sender(slot& one, const reservation& held,
                                    const std::vector<mail::recipient_outcome>& outcomes) {
  bool accepted = false;
  bool refused = false;
  for (const mail::recipient_outcome& outcome : outcomes) {
    accepted |= outcome.outcome == mail::attempt_outcome::delivered;
    refused |= outcome.outcome == mail::attempt_outcome::refused_sender;
  }
  if (refused) {
    if (one.senders.on_refused(held.subject.header_from_domain, time_.steady())) {
      log_.error("sender_refused", {{"destination", one.traits.name}, {"domain", held.subject.header_from_domain}});
    }
  } else if (held.sender_taken) {
    accepted ? one.senders.on_accepted(held.subject.header_from_domain)
             : one.senders.on_neutral(held.subject.header_from_domain);
  }
}

// Quotas and money count what was handed over or may have been; the rest of the attempt is free again.
void destination_table::give_back_unused(slot& one, const reservation& held,
                                         const std::vector<mail::recipient_outcome>& outcomes) {
  const auto kept = std::count_if(outcomes.begin(), outcomes.end(), [](const mail::recipient_outcome& outcome) {
    return outcome.outcome == mail::attempt_outcome::delivered || outcome.outcome == mail::attempt_outcome::unknown;
  });
  policy::pacing_cost unused;
  unused.recipients = held.subject.recipients - std::min(static_cast<std::uint32_t>(kept), held.subject.recipients);
  unused.money = held.money * unused.recipients / std::max(held.subject.recipients, 1U);
  if (!held.subject.is_copy) one.sent.give_back(unused.recipients, held.taken);
  one.spent.give_back(unused.money, held.taken);
  for (const std::string& key : held.limits) {
    if (const auto gate = gates_.find(key); gate != gates_.end()) gate->second->finish(unused, held.taken);
  }
}

void destination_table::finish(const reservation& held, const std::vector<mail::recipient_outcome>& outcomes,
                               const std::vector<std::string_view>& domains, duration took) {
  slot& one = at(held.destination);
  const steady_point now = time_.steady();
  const policy::health_report report = policy::summarise(outcomes, took);
  // A destination on its way back from refused_account proves itself by taking mail, not by refusing it politely.
  const bool proving =
      one.health.state() != policy::health_state::closed && one.health.cause() == policy::ejection_cause::account;
  one.health.finish(held.ticket, report, now);
  if (proving && report.outcome == mail::attempt_outcome::refused_policy) one.health.refuse_account(now);
  note_given_up(one, held, outcomes, took);
  one.share.release(held.subject.stream);
  give_back_unused(one, held, outcomes);
  const std::size_t stream = index_of(held.subject.stream);
  double handed_over = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const mail::recipient_outcome& outcome = outcomes[i];
    one.metrics->attempts[stream][static_cast<std::size_t>(outcome.outcome)].add();
    handed_over += outcome.outcome == mail::attempt_outcome::delivered ? 1 : 0;
    if (outcome.outcome == mail::attempt_outcome::deferred_mailbox_provider) {
      one.pairs.try_emplace(held.subject.mailbox_provider, rules_->config().health, random_);
    }
    if (one.refusals.record(outcome.outcome, i < domains.size() ? domains[i] : std::string_view{})) {
      log_.error("refused_policy_in_a_row", {{"destination", one.traits.name}, {"reply", outcome.reply}});
      one.health.refuse_account(now);
    }
    if (outcome.outcome == mail::attempt_outcome::throttled) {
      one.throttle.throttled(outcome.retry_after, held.began, now);
    } else if (outcome.outcome == mail::attempt_outcome::delivered) {
      one.throttle.accepted(held.began);
    }
  }
  if (handed_over > 0) one.delivered = time_.now();
  if (handed_over > 0 && held.money > 0) one.metrics->cost.add(held.money * handed_over / held.subject.recipients);
  if (const auto known = one.pairs.find(held.subject.mailbox_provider); known != one.pairs.end()) {
    known->second.finish(report.outcome, held.began, now);
    if (known->second.idle(now)) one.pairs.erase(known);
  }
  note_sender(one, held, outcomes);
  one.metrics->attempt_seconds.observe(std::chrono::duration<double>(took).count());
  report_transitions(one);
  changed_ = true;
}

bool destination_table::brake_holds(std::string_view name, bool permanent_refusal) {
  const auto known = slots_.find(name);
  if (known == slots_.end()) return false;
  const bool held =
      known->second->brake.record(permanent_refusal, time_.steady()) == policy::bounce_brake::verdict::hold;
  if (known->second->brake.take_alert()) log_.error("bounce_brake", {{"destination", name}});
  return held;
}

std::string_view destination_table::suppressed(std::string_view tenant, std::string_view recipient,
                                               mail::traffic_stream stream, time_point now) const {
  if (suppressions_ == nullptr) return {};
  const auto why = suppressions_->find(tenant, recipient, stream, now);
  return why ? to_string(*why) : std::string_view{};
}

void destination_table::set_waiting(std::string_view name, mail::traffic_stream stream, bool waits) {
  if (const auto known = slots_.find(name); known != slots_.end()) known->second->waits[index_of(stream)] = waits;
}

void destination_table::add_backlog(std::string_view name, std::int64_t by) {
  if (const auto known = slots_.find(name); known != slots_.end()) known->second->backlog += by;
}

void destination_table::clear_backlogs() {
  for (auto& [name, one] : slots_) one->backlog = 0;
}

void destination_table::clear_waits() {
  for (auto& [name, one] : slots_) one->waited = duration{0};
}

void destination_table::note_wait(std::string_view name, duration waited) {
  if (const auto known = slots_.find(name); known != slots_.end()) {
    known->second->waited = std::max(known->second->waited, waited);
  }
}

bool destination_table::spills(std::string_view name) const {
  const auto known = slots_.find(name);
  return known != slots_.end() && known->second->beyond_spill(time_.now());
}

std::vector<std::string> destination_table::advance() {
  std::vector<std::string> probes;
  const steady_point now = time_.steady();
  for (auto& [name, one] : slots_) {
    one->health.advance(now);
    if (one->listed && !one->traits.removed && one->health.probe_due(now)) {
      one->health.probe_started(now);
      probes.push_back(name);
    }
    report_transitions(*one);
  }
  return probes;
}

void destination_table::probe_finished(std::string_view name, const adapters::probe_report& report) {
  if (const auto known = slots_.find(name); known != slots_.end()) note_probe(*known->second, report);
}

void destination_table::note_probe(slot& one, const adapters::probe_report& report) {
  const steady_point now = time_.steady();
  if (report.first_word > duration{0}) one.patience.note(report.first_word, now);
  // Alive at the first look: it was not dead, we were hasty.
  const duration given_up = std::exchange(one.given_up, duration{0});
  if (report.healthy && given_up > duration{0}) one.patience.note_too_short(given_up, now);
  one.health.probe_finished(report.healthy, now);
  if (!report.healthy) note_unreachable(one);
  report_transitions(one);
  changed_ = true;
}

void destination_table::bound_first_word(reservation& held, adapters::attempt& what) const {
  if (held.ticket.trial) return;
  const policy::patience& with = at(held.destination).patience;
  held.first_word_max = what.first_word_max = with.in_all();
  what.first_word_each = with.of_each();
}

// Given up for its silence, with somewhere else to go.
void destination_table::note_given_up(slot& one, const reservation& held,
                                      const std::vector<mail::recipient_outcome>& outcomes, duration took) {
  const bool is_silent =
      std::any_of(outcomes.begin(), outcomes.end(), [](const auto& each) { return each.connect_class; });
  if (is_silent && held.first_word_max > duration{0} && took >= held.first_word_max) one.given_up = held.first_word_max;
}

void destination_table::note_first_word(std::string_view name, duration took) {
  if (const auto known = slots_.find(name); known != slots_.end()) known->second->patience.note(took, time_.steady());
}

void destination_table::note_unreachable(const slot& one) {
  unreachable_.push_back({one.traits.name, one.patience.in_all()});
}

std::vector<unreachable_destination> destination_table::take_unreachable() { return std::exchange(unreachable_, {}); }

bool destination_table::take_changed() { return std::exchange(changed_, false); }

std::optional<steady_point> destination_table::next_event() const {
  std::optional<steady_point> next;
  const auto earlier = [&next](steady_point at) {
    if (!next || at < *next) next = at;
  };
  const steady_point now = time_.steady();
  for (const auto& [name, one] : slots_) {
    if (one->throttle.blocked(now)) earlier(*one->throttle.until());
    if (one->rate && (one->waits[0] || one->waits[1]) && !one->rate->has(1, now))
      earlier(one->rate->available_at(1, now));
  }
  return next;
}

bool destination_table::drain(std::string_view name, std::string_view reason) {
  const auto known = slots_.find(name);
  if (known == slots_.end()) return false;
  known->second->health.drain();
  known->second->operator_reason = reason;
  publish_state(*known->second);
  return true;
}

bool destination_table::suspend(std::string_view name, std::optional<duration> for_how_long, std::string_view reason) {
  const auto known = slots_.find(name);
  if (known == slots_.end()) return false;
  known->second->health.suspend(for_how_long ? std::optional{time_.steady() + *for_how_long} : std::nullopt);
  known->second->operator_reason = reason;
  publish_state(*known->second);
  return true;
}

bool destination_table::resume(std::string_view name) {
  const auto known = slots_.find(name);
  if (known == slots_.end()) return false;
  slot& one = *known->second;
  one.health.resume(time_.steady());
  one.throttle.clear();
  one.senders.clear();
  one.brake.release(time_.steady());
  one.operator_reason.clear();
  report_transitions(one);
  changed_ = true;
  return true;
}

bool destination_table::operator_probed(std::string_view name, const adapters::probe_report& report) {
  const auto known = slots_.find(name);
  if (known == slots_.end()) return false;
  slot& one = *known->second;
  if (one.health.state() != policy::health_state::open) return true;
  one.health.probe_started(time_.steady());
  note_probe(one, report);
  return true;
}

}  // namespace stellwerk::delivery
