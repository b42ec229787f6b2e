// What the destination table shows to people: state words, transitions in the log, snapshots.
#include "gateway/delivery/destination_slot.hpp"
#include "gateway/delivery/destination_table.hpp"

namespace stellwerk::delivery {
namespace {

std::string state_word(const policy::destination_health& health, steady_point now) {
  switch (health.unavailable(now)) {
    case policy::candidate_reason::drained: return "drained";
    case policy::candidate_reason::suspended: return "suspended";
    case policy::candidate_reason::account_refused: return "account_refused";
    default: return std::string{to_string(health.state())};
  }
}

}  // namespace

void destination_table::publish_state(slot& one) {
  const std::string word = state_word(one.health, time_.steady());
  if (one.metrics == nullptr || word == one.shown_state) return;
  for (auto& [state, handle] : one.metrics->state) handle.set(state == word ? 1 : 0);
  one.shown_state = word;
}

void destination_table::report_transitions(slot& one) {
  for (const policy::health_transition& step : one.health.take_transitions()) {
    const log_level level = step.to == policy::health_state::open ? log_level::warning : log_level::info;
    const log_field fields[] = {{"destination", one.traits.name},
                                {"from", to_string(step.from)},
                                {"to", to_string(step.to)},
                                {"cause", to_string(step.cause)},
                                {"ejection_ms", step.ejection.count()}};
    if (log_.enabled(level)) log_.write(level, "destination_state", fields);
    if (step.to == policy::health_state::open && step.cause == policy::ejection_cause::connect) note_unreachable(one);
    changed_ = true;
  }
  publish_state(one);
}

std::vector<destination_snapshot> destination_table::snapshot() const {
  std::vector<destination_snapshot> all;
  const steady_point now = time_.steady();
  for (const auto& [name, one] : slots_) {
    if (!one->listed) continue;
    destination_snapshot shown;
    shown.name = name;
    shown.adapter = one->traits.adapter;
    shown.zone = one->traits.zone;
    shown.state = state_word(one->health, now);
    shown.cause =
        one->health.state() == policy::health_state::closed ? "" : std::string{to_string(one->health.cause())};
    shown.in_flight = one->share.in_use();
    shown.connections = one->traits.connections;
    shown.backlog = one->backlog;
    shown.spent = one->spent.used(time_.now());
    shown.currency = one->traits.cost_per_thousand ? one->traits.cost_per_thousand->currency : "";
    shown.admitted_share = one->health.admitted_share(now);
    shown.throttled = one->throttle.blocked(now);
    shown.bounce_brake = one->brake.braked();
    shown.operator_reason = one->operator_reason;
    if (const auto until = one->health.suspended_until(); until && *until > now) {
      shown.suspended_until = time_.now() + std::chrono::duration_cast<duration>(*until - now);
    }
    all.push_back(std::move(shown));
  }
  return all;
}

double destination_table::budget_spent(std::string_view name) const {
  const auto known = slots_.find(name);
  return known == slots_.end() ? 0 : known->second->spent.used(time_.now());
}

}  // namespace stellwerk::delivery
