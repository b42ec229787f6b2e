// What the main thread does a few times a second, and reloads.
#include <algorithm>
#include <variant>

#include "gateway/app/gateway_parts.hpp"

namespace stellwerk::app {
namespace {

constexpr double marketing_refused_at = 0.80;  // of spool.bytes_max
constexpr double closed_at = 0.95;

bool has_destination(const policy::policy& rules, const std::string& name) {
  const auto all = rules.destinations();
  return std::any_of(all.begin(), all.end(), [&](const policy::destination_traits& one) { return one.name == name; });
}

// Recipients that may have been handed over to a destination that `next` does not have, and may go nowhere else:
// unknown ones, and those deferred since. "" if there are none.
std::string tied_to_what_vanishes(const spool::store& store, const policy::policy& now, const policy::policy& next) {
  std::string text;
  for (const policy::destination_traits& one : now.destinations()) {
    const std::uint64_t count = has_destination(next, one.name) ? 0 : store.tied_to(one.name);
    if (count == 0) continue;
    text += (text.empty() ? "" : "; ") + std::to_string(count) +
            " recipients of unknown outcome are tied to destination '" + one.name +
            "': keep it with removed: true until they are settled";
  }
  return text;
}

}  // namespace

process_metrics::process_metrics(metric_registry& registry)
    : store_writable{registry.make_gauge("store_writable", "1 while the store takes writes.")},
      reloads_accepted{
          registry.make_counter("policy_reloads_total", "Reloads of the configuration.", {{"result", "accepted"}})},
      reloads_refused{
          registry.make_counter("policy_reloads_total", "Reloads of the configuration.", {{"result", "refused"}})},
      audit_intact{registry.make_gauge("audit_intact", "1 while the audit log's chain of hashes held at start.")},
      attempts_in_flight{registry.make_gauge("attempts_in_flight", "Attempts under way.")},
      unsettled{registry.make_gauge("unsettled", "Recipients between decision and settled row.")} {
  for (const mail::traffic_stream stream : mail::all_traffic_streams) {
    for (const mail::recipient_state state : mail::all_recipient_states) {
      if (is_final(state)) continue;
      messages[delivery::index_of(stream)][static_cast<std::size_t>(state)] = registry.make_gauge(
          "messages", "Recipients in the queue.", {{"stream", to_string(stream)}, {"state", to_string(state)}});
    }
  }
  registry.make_gauge("build_info", "The version that runs.", {{"version", STELLWERK_VERSION}}).set(1);
}

void process_metrics::show_policy(metric_registry& registry, const std::string& version) {
  policy_version.set(0);
  policy_version = registry.make_gauge("policy_version_info", "1 for the version in force.", {{"sha256", version}});
  policy_version.set(1);
}

void process_metrics::show_certificate(metric_registry& registry, const std::string& name, time_point end) {
  const auto [known, first] = certificate_expiry.try_emplace(name);
  if (first) {
    known->second = registry.make_gauge("certificate_expiry_timestamp_seconds",
                                        "When the certificate of a listener ends.", {{"name", name}});
  }
  known->second.set(static_cast<double>(end.time_since_epoch().count()) / 1000);
}

void gateway::parts::show_counts() {
  for (const mail::traffic_stream stream : mail::all_traffic_streams) {
    for (const mail::recipient_state state : mail::all_recipient_states) {
      if (is_final(state)) continue;
      shown.messages[delivery::index_of(stream)][static_cast<std::size_t>(state)].set(
          static_cast<double>(store->count(stream, state)));
    }
  }
  const spool::store_health health = store->health();
  shown.store_writable.set(health.writable ? 1 : 0);
  shown.attempts_in_flight.set(static_cast<double>(dispatch->attempts_in_flight()));
  shown.unsettled.set(static_cast<double>(dispatch->unsettled()));
  for (const ingress::smtp_door& door : doors->load()->smtp) {
    if (door.tls) shown.show_certificate(metrics, door.config.name, door.tls->not_after());
  }
  if (const auto end = grpc ? grpc->certificate_end() : std::nullopt) shown.show_certificate(metrics, "grpc", *end);
}

admin::readiness gateway::parts::readiness() const {
  admin::readiness now;
  const spool::store_health health = store->health();
  if (!health.writable) now.reasons.push_back(health.reason.empty() ? "store_not_writable" : health.reason);
  if (!rules.load()) now.reasons.emplace_back("no_policy");
  if (!bound) now.reasons.emplace_back("listeners_not_bound");
  if (draining) now.reasons.emplace_back("draining");
  now.ready = now.reasons.empty();
  return now;
}

void gateway::parts::watch_pressure() {
  pressure.set_long_line(dispatch->long_line());
  const spool::store_health health = store->health();
  const double used = health.bytes_max == 0 ? 0
                                            : static_cast<double>(health.state_bytes + health.body_bytes) /
                                                  static_cast<double>(health.bytes_max);
  using ingress::pressure_level;
  // A failed store is no full queue: what is offered then is answered by the store's own refusal.
  const bool full = (!health.writable && health.reason == "store_full") || used >= closed_at;
  const pressure_level level = full                           ? pressure_level::closed
                               : used >= marketing_refused_at ? pressure_level::marketing_refused
                                                              : pressure_level::open;
  if (level == pressure.level()) return;
  pressure.set_level(level);
  log.warning("pressure", {{"level", level == pressure_level::open     ? "open"
                                     : level == pressure_level::closed ? "closed"
                                                                       : "marketing_refused"},
                           {"spool_used", used},
                           {"store", health.reason}});
}

void gateway::tick() {
  parts_->watch_pressure();
  parts_->run_orders();
  if (parts_->watch.changed()) reload();
}

void gateway::reload() {
  parts& all = *parts_;
  auto loaded = config::load_config(all.settings.file, serving_environment());
  const auto refuse = [&all](const std::string& reason) {
    all.shown.reloads_refused.add();
    all.log.error("reload_refused", {{"reason", reason}});
  };
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&loaded)) {
    std::string text;
    for (const config::config_fault& one : *faults)
      text += (text.empty() ? "" : "; ") + to_string(one, all.settings.file);
    refuse(text);
    return;
  }
  config::gateway_config next = std::get<config::gateway_config>(std::move(loaded));
  // The rest applies: what cannot change now keeps its value.
  for (const std::string& path : config::keep_until_restart(all.settings, next))
    all.log.warning("restart_needed", {{"path", path}, {"message", "restart needed: " + path}});
  if (const std::string wrong = all.keep_stored_policy(next); !wrong.empty()) {
    refuse(wrong);
    return;
  }
  if (const std::string tied = tied_to_what_vanishes(*all.store, *all.settings.policy, *next.policy); !tied.empty()) {
    refuse(tied);
    return;
  }
  auto made = ingress::make_door_settings(next.ingress, all.time.now());
  if (!made.settings) {
    refuse(made.faults.front().path + ": " + made.faults.front().reason);
    return;
  }
  const auto written = all.audit->record(
      {"configuration.reload",
       all.settings.file,
       "",
       "file",
       {{"policy_version", next.policy->version()}, {"previous_version", all.settings.policy->version()}}});
  if (!written) {
    refuse("the audit log could not be written: " + written.error().message());
    return;
  }
  all.settings = std::move(next);
  all.doors->publish(made.settings);
  if (all.grpc) {
    if (const auto renewed = all.grpc->reload_certificates(); !renewed)
      all.log.error("certificate_refused", {{"listener", "grpc"}, {"reason", renewed.error().message()}});
  }
  all.runner->adopt(all.settings.destinations);
  all.publish_policy();
  all.log.set_level(telemetry::parse_log_level(all.settings.log_level));
  all.shown.reloads_accepted.add();
  all.log.info("reloaded", {{"policy_version", all.settings.policy->version()}});
}

}  // namespace stellwerk::app
