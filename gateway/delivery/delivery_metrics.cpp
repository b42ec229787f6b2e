#include "gateway/delivery/delivery_metrics.hpp"

#include "gateway/delivery/disposition.hpp"

namespace stellwerk::delivery {
namespace {

constexpr std::array destination_states{"closed", "open", "half_open", "drained", "suspended", "account_refused"};
// Where an attempt was when its outcome became unknown.
constexpr std::array unknown_causes{"dot", "request", "response", "crash"};

}  // namespace

delivery_metrics::delivery_metrics(metric_registry& registry) : registry_{registry} {
  for (const mail::traffic_stream stream : mail::all_traffic_streams) {
    const std::size_t s = index_of(stream);
    for (const mail::recipient_state state : mail::all_recipient_states) {
      if (!mail::is_final(state)) continue;
      dispositions[s][static_cast<std::size_t>(state)] =
          registry.make_counter("dispositions_total", "Recipients that reached a final state.",
                                {{"stream", to_string(stream)}, {"state", to_string(state)}});
    }
    ready[s] =
        registry.make_gauge("ready", "Recipients in memory that may start now.", {{"stream", to_string(stream)}});
    oldest_message_age_seconds[s] = registry.make_gauge(
        "oldest_message_age_seconds", "Age of the oldest queued message that is due.", {{"stream", to_string(stream)}});
  }
  failover_budget_remaining =
      registry.make_gauge("failover_budget_remaining", "Re-attempts at once that are left now.");
  failover_budget_refusals = registry.make_counter("failover_budget_refusals_total",
                                                   "Re-attempts that were deferred because the budget was empty.");
  dsn_total = registry.make_counter("dsn_total", "Delivery status notifications made.");
  shadow_copies_total = registry.make_counter("shadow_copies_total", "Copies made for a sandbox.");
  dsn_delayed_total = registry.make_counter(
      "dsn_delayed_total", "Notifications that wait for a later hour because one address had its share of this one.");
  dsn_suppressed_total = registry.make_counter(
      "dsn_suppressed_total", "Notifications not made because one address has as many before it as a day takes.");
  poison_total = registry.make_counter("poison_total", "Recipients dead-lettered after repeated lost attempts.");
  suppression_entries = registry.make_gauge("suppression_entries", "Rows of the suppression list.");
  for (const spool::suppression_reason reason : spool::all_suppression_reasons) {
    suppression_hits[static_cast<std::size_t>(reason)] =
        registry.make_counter("suppression_hits_total", "Recipients not mailed because the suppression list says so.",
                              {{"reason", to_string(reason)}});
  }
}

void delivery_metrics::adopt(const policy::policy& rules) {
  for (const policy::invariant_config& one : rules.config().invariants) invariant_holds(one.name);
  for (const std::string& path : rules.condition_paths()) policy_errors(path);
  for (const policy::destination_traits& from : rules.destinations()) {
    for (const policy::destination_traits& to : rules.destinations()) {
      if (from.name == to.name || to.removed) continue;
      for (const std::string_view why : failover_reasons) failovers(from.name, to.name, why);
    }
  }
}

destination_metrics& delivery_metrics::destination(std::string_view name, std::string_view currency) {
  if (const auto known = destinations_.find(name); known != destinations_.end()) return known->second;
  destination_metrics& made = destinations_[std::string{name}];
  for (const mail::traffic_stream stream : mail::all_traffic_streams) {
    const std::size_t s = index_of(stream);
    for (const mail::attempt_outcome outcome : mail::all_attempt_outcomes) {
      made.attempts[s][static_cast<std::size_t>(outcome)] = registry_.make_counter(
          "attempts_total", "Recipients of finished attempts by outcome.",
          {{"destination", name}, {"stream", to_string(stream)}, {"outcome", to_string(outcome)}});
    }
    made.handoff_seconds[s] =
        registry_.make_histogram("handoff_seconds", "From acceptance to the peer's acceptance.", queue_bounds(),
                                 {{"stream", to_string(stream)}, {"destination", name}});
  }
  made.attempt_seconds = registry_.make_histogram("attempt_seconds", "Duration of one attempt.", attempt_bounds(),
                                                  {{"destination", name}});
  for (const char* state : destination_states) {
    made.state[state] = registry_.make_gauge("destination_state", "1 for the state the destination is in.",
                                             {{"destination", name}, {"state", state}});
  }
  made.unknown =
      registry_.make_gauge("unknown", "Recipients whose last attempt may have handed over.", {{"destination", name}});
  for (const char* cause : unknown_causes) {
    made.unknown_total[cause] = registry_.make_counter("unknown_total", "Attempts that ended without a known outcome.",
                                                       {{"destination", name}, {"cause", cause}});
  }
  made.possible_duplicates =
      registry_.make_counter("possible_duplicates_total", "Attempts made although an earlier one may have handed over.",
                             {{"destination", name}});
  if (!currency.empty()) {
    made.cost = registry_.make_gauge("cost_total", "Cost of what was handed over this month.",
                                     {{"destination", name}, {"currency", currency}});
  }
  return made;
}

counter& delivery_metrics::failovers(std::string_view from, std::string_view to, std::string_view reason) {
  const std::string key = std::string{from} + '\n' + std::string{to} + '\n' + std::string{reason};
  const auto known = failovers_.find(key);
  if (known != failovers_.end()) return known->second;
  return failovers_[key] = registry_.make_counter("failovers_total", "Recipients moved to another destination at once.",
                                                  {{"from", from}, {"to", to}, {"reason", reason}});
}

counter& delivery_metrics::invariant_holds(std::string_view invariant) {
  const auto known = invariant_holds_.find(invariant);
  if (known != invariant_holds_.end()) return known->second;
  return invariant_holds_[std::string{invariant}] = registry_.make_counter(
             "invariant_holds_total", "Recipients held because an invariant left no destination.",
             {{"invariant", invariant}});
}

counter& delivery_metrics::policy_errors(std::string_view rule) {
  const auto known = policy_errors_.find(rule);
  if (known != policy_errors_.end()) return known->second;
  return policy_errors_[std::string{rule}] =
             registry_.make_counter("policy_errors_total", "Conditions that could not be evaluated.", {{"rule", rule}});
}

}  // namespace stellwerk::delivery
