#include "policy/canonical_text.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "policy/route/limit_node.hpp"

namespace stellwerk::policy {
namespace {

// One line per value: name, space, value. Texts are JSON strings, so no value can pretend to be a line of its own.
class text_writer {
 public:
  void text(std::string_view name, std::string_view value) {
    out_ += name;
    out_ += ' ';
    append_json_string(out_, value);
    out_ += '\n';
  }
  template <class Number>
  void number(std::string_view name, Number value) {
    fmt::format_to(std::back_inserter(out_), "{} {}\n", name, value);
  }
  void time(std::string_view name, duration value) { number(name, value.count()); }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

void write(text_writer& out, const node_config& node) {
  out.number("node", static_cast<int>(node.what));
  if (!node.name.empty()) out.text("name", node.name);
  if (node.what == node_config::kind::limit || node.what == node_config::kind::warmup) {
    out.text("limit", describe(node.limit));
  }
  if (node.spill.backlog) out.number("backlog", *node.spill.backlog);
  if (node.spill.waited) out.time("waited", *node.spill.waited);
  if (node.what == node_config::kind::shadow) out.number("share", node.share);
  for (const std::string& condition : node.conditions) out.text("case", condition);
  if (node.what == node_config::kind::split) {
    out.number("by", static_cast<int>(node.by));
    auto weights = node.weights;
    std::sort(weights.begin(), weights.end());
    for (const auto& [name, weight] : weights) {
      out.text("member", name);
      out.number("weight", weight);
    }
  }
  out.number("children", node.children.size());
  for (const node_config& child : node.children) write(out, child);
}

void write(text_writer& out, const route_config& route) {
  out.text("route", route.name);
  out.text("when", route.when);
  write(out, route.via);
  if (route.deadline) out.time("deadline", *route.deadline);
  out.number("on_deadline", static_cast<int>(route.on_deadline));
  out.text("on_unknown", to_string(route.on_unknown));
  out.number("on_deferral", static_cast<int>(route.on_deferral));
  if (route.spill_after) out.time("spill_after", *route.spill_after);
}

void write(text_writer& out, std::string_view way, const mail::capabilities& can) {
  out.text("way", way);
  out.number("size_max", can.size_max);
  out.number("smtputf8", can.smtputf8);
  out.number("null_reverse_path", can.null_reverse_path);
  out.number("envelope_free", can.envelope_free);
  out.number("raw_content", can.raw_content);
  out.number("recipients_max", can.recipients_max);
  out.number("attachments_max", can.attachments_max);
}

void write(text_writer& out, const destination_traits& destination) {
  out.text("destination", destination.name);
  out.text("adapter", destination.adapter);
  out.text("zone", destination.zone);
  for (const auto& [name, value] : destination.labels) {
    out.text("label", name);
    out.text("value", value);
  }
  write(out, "main", destination.capabilities);
  if (destination.relay_capabilities) write(out, "relay", *destination.relay_capabilities);
  auto fields = destination.refused_fields;
  std::sort(fields.begin(), fields.end());
  for (const std::string& field : fields) out.text("refused_field", field);
  out.number("connections", destination.connections);
  if (destination.rate_per_second) out.number("rate", *destination.rate_per_second);
  if (destination.backlog_max) out.number("backlog_max", *destination.backlog_max);
  if (destination.cost_per_thousand) {
    out.text("currency", destination.cost_per_thousand->currency);
    out.number("cost", destination.cost_per_thousand->amount);
  }
  if (destination.monthly_quota) out.number("monthly_quota", *destination.monthly_quota);
  for (const std::string& pattern : destination.senders) out.text("sender", pattern);
  if (destination.can_sandbox) out.number("can_sandbox", true);
  out.number("removed", destination.removed);
}

void write(text_writer& out, const health_config& health) {
  out.number("connect_failures", health.connect_failures);
  out.number("consecutive_failures", health.consecutive_failures);
  out.number("failure_ratio", health.failure_ratio);
  out.number("minimum_attempts", health.minimum_attempts);
  out.time("window", health.window);
  out.time("latency_p95", health.latency_p95);
  out.number("latency_ratio", health.latency_ratio);
  out.time("ejection", health.ejection);
  out.time("ejection_max", health.ejection_max);
  out.time("slow_start", health.slow_start);
  out.time("probe_interval", health.probe_interval);
}

}  // namespace

std::string canonical_text(const policy_config& config, const std::vector<destination_traits>& destinations) {
  text_writer out;
  for (const classify_rule_config& rule : config.classify_rules) {
    out.text("classify", rule.name);
    out.text("when", rule.when);
    out.text("stream", mail::to_string(rule.stream));
  }
  out.text("otherwise", mail::to_string(config.otherwise));
  for (const invariant_config& one : config.invariants) {
    out.text("invariant", one.name);
    out.text("when", one.when);
    out.text("only", one.only);
    if (!one.require.empty()) out.text("require", one.require);
  }
  for (const route_config& route : config.routes) write(out, route);
  for (const auto& [stream, retry] : config.retry) {
    out.text("retry", mail::to_string(stream));
    out.time("first", retry.first);
    out.number("factor", retry.factor);
    out.time("max", retry.max);
    out.time("lifetime", retry.lifetime);
  }
  write(out, config.health);
  out.number("failover_ratio", config.failover_budget.ratio);
  out.number("failover_minimum", config.failover_budget.minimum_per_second);
  out.number("brake_ratio", config.bounce_brake.ratio);
  out.number("brake_minimum", config.bounce_brake.minimum);
  out.time("brake_window", config.bounce_brake.window);
  out.time("unknown_smtp", config.unknown_wait.smtp);
  out.time("unknown_api", config.unknown_wait.api);
  out.time("unknown_max", config.unknown_wait.max);
  out.time("unknown_give_up", config.unknown_wait.give_up);
  std::vector<const destination_traits*> sorted;
  for (const destination_traits& one : destinations) sorted.push_back(&one);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  for (const destination_traits* one : sorted) write(out, *one);
  return out.take();
}

}  // namespace stellwerk::policy
