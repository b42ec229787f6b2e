#include "base/text.hpp"
#include "gateway/config/sections.hpp"

namespace stellwerk::config {
namespace {

template <class Item, class Load>
void load_items(const yaml_node* node, const std::string& path, const load_context& context, std::vector<Item>& out,
                Load load) {
  if (node == nullptr) return;
  if (node->what != yaml_node::kind::list) {
    context.faults.add(*node, path, "a list is expected");
    return;
  }
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    Item item;
    load(node->items[i], path + "[" + std::to_string(i) + "]", context, item);
    out.push_back(std::move(item));
  }
}

void load_stream(map_reader& fields, std::string_view key, mail::traffic_stream& out) {
  fields.choice<mail::traffic_stream>(
      key, out,
      {{"transactional", mail::traffic_stream::transactional}, {"marketing", mail::traffic_stream::marketing}});
}

void load_classify_rule(const yaml_node& node, const std::string& path, const load_context& context,
                        policy::classify_rule_config& out) {
  map_reader fields{&node, path, context};
  out.path = path;
  for (const char* key : {"name", "when", "stream"}) fields.require(key);
  fields.text("name", out.name);
  fields.text("when", out.when);
  load_stream(fields, "stream", out.stream);
  fields.finish();
}

void load_invariant(const yaml_node& node, const std::string& path, const load_context& context,
                    policy::invariant_config& out) {
  map_reader fields{&node, path, context};
  out.path = path;
  fields.require("name");
  fields.text("name", out.name);
  fields.text("when", out.when);
  fields.text("only", out.only);
  fields.text("require", out.require);
  fields.finish();
}

void load_retry(const yaml_node* node, const load_context& context, policy::policy_config& out) {
  map_reader streams_of{node, "policy.retry", context};
  for (const mail::traffic_stream stream : mail::all_traffic_streams) {
    policy::retry_config& one = out.retry[stream];
    map_reader fields{streams_of.get(to_string(stream)), streams_of.path_of(to_string(stream)), context};
    fields.duration_value("first", one.first);
    fields.number("factor", one.factor);
    fields.duration_value("max", one.max);
    fields.duration_value("lifetime", one.lifetime);
    if (one.factor < 1) fields.fault("factor", "must be 1 or more");
    if (one.first.count() == 0) fields.fault("first", "must be more than 0");
    fields.finish();
  }
  streams_of.finish();
}

void load_health(const yaml_node* node, const load_context& context, policy::health_config& out) {
  map_reader fields{node, "policy.health", context};
  fields.integer("connect_failures", out.connect_failures, 1);
  fields.integer("consecutive_failures", out.consecutive_failures, 1);
  fields.number("failure_ratio", out.failure_ratio);
  fields.integer("minimum_attempts", out.minimum_attempts, 1);
  fields.duration_value("window", out.window);
  map_reader latency{fields.get("latency"), fields.path_of("latency"), context};
  latency.duration_value("p95", out.latency_p95);
  latency.number("ratio", out.latency_ratio);
  latency.finish();
  fields.duration_value("ejection", out.ejection);
  fields.duration_value("ejection_max", out.ejection_max);
  fields.duration_value("slow_start", out.slow_start);
  fields.duration_value("probe_interval", out.probe_interval);
  if (out.failure_ratio <= 0 || out.failure_ratio > 1) fields.fault("failure_ratio", "must be above 0 and at most 1");
  fields.finish();
}

void load_budgets(map_reader& fields, const load_context& context, policy::policy_config& out) {
  map_reader budget{fields.get("failover_budget"), fields.path_of("failover_budget"), context};
  budget.number("ratio", out.failover_budget.ratio);
  std::optional<double> minimum;
  budget.rate("minimum", minimum);
  if (minimum) out.failover_budget.minimum_per_second = *minimum;
  budget.finish();
  map_reader brake{fields.get("bounce_brake"), fields.path_of("bounce_brake"), context};
  brake.number("ratio", out.bounce_brake.ratio);
  brake.integer("minimum", out.bounce_brake.minimum, 1);
  brake.duration_value("window", out.bounce_brake.window);
  brake.finish();
  map_reader unknown{fields.get("unknown_wait"), fields.path_of("unknown_wait"), context};
  unknown.duration_value("smtp", out.unknown_wait.smtp);
  unknown.duration_value("api", out.unknown_wait.api);
  unknown.duration_value("max", out.unknown_wait.max);
  unknown.duration_value("give_up", out.unknown_wait.give_up);
  unknown.finish();
}

}  // namespace

void load_policy(const yaml_node* node, const load_context& context, policy::policy_config& out) {
  map_reader fields{node, "policy", context};
  map_reader classify{fields.get("classify"), fields.path_of("classify"), context};
  load_items(classify.get("rules"), "policy.classify.rules", context, out.classify_rules, load_classify_rule);
  load_stream(classify, "otherwise", out.otherwise);
  classify.finish();
  load_items(fields.get("invariants"), "policy.invariants", context, out.invariants, load_invariant);
  load_items(fields.get("routes"), "policy.routes", context, out.routes, load_route);
  if (out.routes.empty())
    context.faults.add(node == nullptr ? yaml_node{} : *node, "policy.routes", "at least one route is required");
  load_retry(fields.get("retry"), context, out);
  load_health(fields.get("health"), context, out.health);
  load_budgets(fields, context, out);
  fields.finish();
}

}  // namespace stellwerk::config
