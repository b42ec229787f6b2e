#include "policy/policy_compiler.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "base/sha256.hpp"
#include "policy/canonical_text.hpp"

namespace stellwerk::policy {

policy_compiler::policy_compiler(const policy_config& config, const std::vector<destination_traits>& destinations)
    : made_{std::make_unique<policy::impl>()} {
  made_->config = config;
  made_->destinations = destinations;
}

std::unique_ptr<policy::impl> policy_compiler::compile() {
  check_destinations();
  check_names();
  check_settings();
  compile_rules();
  compile_invariants();
  compile_routes();
  if (!faults_.empty()) return nullptr;
  made_->version = sha256_hex(canonical_text(made_->config, made_->destinations));
  return std::move(made_);
}

void policy_compiler::check_destinations() {
  if (made_->destinations.size() > std::numeric_limits<std::uint16_t>::max()) {
    fault("destinations", "more than 65535 destinations");
  }
  std::set<std::string_view> seen;
  for (const destination_traits& one : made_->destinations) {
    if (!seen.insert(one.name).second) fault("destinations." + one.name, "stands twice");
  }
}

template <class Named>
void policy_compiler::check_unique(const std::vector<Named>& all) {
  std::set<std::string_view> seen;
  for (const Named& one : all) {
    if (one.name.empty()) {
      fault(one.path, "needs a name");
    } else if (!seen.insert(one.name).second) {
      fault(one.path + ".name", fmt::format("'{}' is the name of another one", one.name));
    }
  }
}

void policy_compiler::check_names() {
  check_unique(made_->config.classify_rules);
  check_unique(made_->config.invariants);
  check_unique(made_->config.routes);
}

void policy_compiler::check_settings() {
  const auto must = [this](bool holds, std::string path, const char* reason) {
    if (!holds) fault("policy." + std::move(path), reason);
  };
  const auto is_ratio = [](double value) { return value > 0 && value <= 1; };
  for (const auto& [stream, retry] : made_->config.retry) {
    const std::string path = "retry." + std::string{mail::to_string(stream)};
    must(retry.first > duration{0}, path + ".first", "is above 0");
    must(std::isfinite(retry.factor) && retry.factor >= 1, path + ".factor", "is 1 or more");
    must(retry.max >= retry.first, path + ".max", "is not below `first`");
    must(retry.lifetime > duration{0}, path + ".lifetime", "is above 0");
  }
  const health_config& health = made_->config.health;
  must(health.connect_failures > 0, "health.connect_failures", "is 1 or more");
  must(health.consecutive_failures > 0, "health.consecutive_failures", "is 1 or more");
  must(is_ratio(health.failure_ratio), "health.failure_ratio", "is above 0 and at most 1");
  must(health.minimum_attempts > 0, "health.minimum_attempts", "is 1 or more");
  must(health.window > duration{0}, "health.window", "is above 0");
  must(health.latency_p95 > duration{0}, "health.latency.p95", "is above 0");
  must(health.latency_ratio >= 1, "health.latency.ratio", "is 1 or more");
  must(health.ejection > duration{0}, "health.ejection", "is above 0");
  must(health.ejection_max >= health.ejection, "health.ejection_max", "is not below `ejection`");
  must(health.slow_start >= duration{0}, "health.slow_start", "is not negative");
  must(health.probe_interval > duration{0}, "health.probe_interval", "is above 0");
  must(made_->config.failover_budget.ratio >= 0, "failover_budget.ratio", "is not negative");
  must(made_->config.failover_budget.minimum_per_second >= 0, "failover_budget.minimum", "is not negative");
  must(is_ratio(made_->config.bounce_brake.ratio), "bounce_brake.ratio", "is above 0 and at most 1");
  must(made_->config.bounce_brake.window > duration{0}, "bounce_brake.window", "is above 0");
}

std::unique_ptr<const condition> policy_compiler::compile_condition(const std::string& source, const std::string& path,
                                                                    condition_use use) {
  auto compiled = condition::compile(source, path, use, made_->destinations);
  if (auto* faults = std::get_if<std::vector<policy_fault>>(&compiled)) {
    faults_.insert(faults_.end(), faults->begin(), faults->end());
    return nullptr;
  }
  return std::move(std::get<std::unique_ptr<const condition>>(compiled));
}

void policy_compiler::compile_rules() {
  for (const classify_rule_config& one : made_->config.classify_rules) {
    made_->rules.push_back({compile_condition(one.when, one.path + ".when", condition_use::classify), one.stream});
  }
}

void policy_compiler::compile_invariants() {
  std::vector<compiled_invariant> compiled;
  for (const invariant_config& one : made_->config.invariants) {
    const bool by_message = !one.require.empty();
    if (by_message == !one.only.empty()) fault(one.path, "needs one of `only` and `require`: what is restricted");
    if (by_message && one.require != one_click_requirement) {
      fault(one.path + ".require",
            fmt::format("unknown requirement '{}'; known is {}", one.require, one_click_requirement));
    }
    if (one.name == sender_alignment_name || one.name == suppression_name)
      fault(one.path + ".name", "is the name of a built-in invariant");
    compiled.push_back(
        {one.name, compile_condition(one.when, one.path + ".when", condition_use::invariant_when),
         by_message ? nullptr : compile_condition(one.only, one.path + ".only", condition_use::invariant_only)});
  }
  made_->invariants = invariant_filter{std::move(compiled)};
}

void policy_compiler::compile_routes() {
  if (made_->config.routes.empty()) fault("policy.routes", "there is no route: mail could not go anywhere");
  route_compiler trees{made_->destinations, faults_};
  for (const route_config& one : made_->config.routes) compile_route(one, trees);
  made_->limits = trees.take_limits();
  made_->limit_names = trees.take_limit_names();
  made_->spills = trees.take_spills();
}

void policy_compiler::compile_route(const route_config& config, route_compiler& trees) {
  const condition_use use = can_end_for_good(config.via) ? condition_use::refuse_route : condition_use::route;
  compiled_route route;
  route.when = compile_condition(config.when, config.path + ".when", use);
  route.tree = trees.compile(config, use);
  route.switches = trees.take_switches();
  route.depends_on_the_moment = std::any_of(route.switches.begin(), route.switches.end(),
                                            [](const condition* one) { return one->depends_on_the_moment(); });
  if (config.deadline && *config.deadline <= duration{0}) fault(config.path + ".deadline", "is above 0");
  if (config.spill_after && *config.spill_after < duration{0}) fault(config.path + ".spill_after", "is not negative");
  made_->routes.push_back(std::move(route));
}

}  // namespace stellwerk::policy
