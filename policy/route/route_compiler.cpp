#include "policy/route/route_compiler.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/text.hpp"
#include "policy/route/destination_node.hpp"
#include "policy/route/failover_node.hpp"
#include "policy/route/hold_node.hpp"
#include "policy/route/limit_node.hpp"
#include "policy/route/refuse_node.hpp"
#include "policy/route/split_node.hpp"

namespace stellwerk::policy {
namespace {

bool is_ending(const node_config& node) {
  return node.what == node_config::kind::hold || node.what == node_config::kind::refuse;
}

int bounds_set(const limit_config& limit) {
  return int{limit.rate_per_second.has_value()} + int{limit.concurrency.has_value()} + int{limit.per_day.has_value()} +
         int{limit.per_month.has_value()} + int{limit.budget.has_value()};
}

bool is_positive(const limit_config& limit) {
  if (limit.rate_per_second) return std::isfinite(*limit.rate_per_second) && *limit.rate_per_second > 0;
  if (limit.concurrency) return *limit.concurrency > 0;
  if (limit.per_day) return *limit.per_day > 0;
  if (limit.per_month) return *limit.per_month > 0;
  return limit.budget && std::isfinite(limit.budget->amount) && limit.budget->amount > 0;
}

}  // namespace

std::string nearest_destination_hint(std::string_view name, const std::vector<destination_traits>& destinations) {
  const std::size_t allowed = std::max<std::size_t>(2, name.size() / 3);
  std::size_t best = allowed + 1;
  std::string_view nearest;
  for (const destination_traits& one : destinations) {
    const std::size_t distance = edit_distance(name, one.name, best);
    if (distance >= best) continue;
    best = distance;
    nearest = one.name;
  }
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

bool can_refuse(const node_config& node) {
  if (node.what == node_config::kind::refuse) return true;
  return std::any_of(node.children.begin(), node.children.end(), can_refuse);
}

route_node_ptr route_compiler::compile(const node_config& node) {
  switch (node.what) {
    case node_config::kind::destination: return destination(node);
    case node_config::kind::failover: return failover(node);
    case node_config::kind::split: return split(node);
    case node_config::kind::limit: return limit(node);
    case node_config::kind::hold: return std::make_unique<hold_node>(node.name.empty() ? "held_by_policy" : node.name);
    case node_config::kind::refuse:
      return std::make_unique<refuse_node>(node.name.empty() ? "refused by policy" : node.name);
  }
  return nullptr;
}

std::optional<std::uint16_t> route_compiler::find(std::string_view name, const std::string& path) {
  for (std::size_t i = 0; i < destinations_.size(); ++i) {
    if (destinations_[i].name != name) continue;
    if (destinations_[i].removed) {
      fault(path, fmt::format("destination '{}' is removed", name));
      return std::nullopt;
    }
    return static_cast<std::uint16_t>(i);
  }
  fault(path, name.empty()
                  ? std::string{"needs the name of a destination"}
                  : fmt::format("unknown destination '{}'{}", name, nearest_destination_hint(name, destinations_)));
  return std::nullopt;
}

route_node_ptr route_compiler::destination(const node_config& node) {
  const auto index = find(node.name, node.path);
  return index ? std::make_unique<destination_node>(*index, node.name) : nullptr;
}

route_node_ptr route_compiler::failover(const node_config& node) {
  if (node.children.empty()) {
    fault(node.path, "is empty: names no destination");
    return nullptr;
  }
  std::vector<route_node_ptr> children;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (i > 0 && is_ending(node.children[i - 1])) {
      fault(node.children[i].path, "is never reached: what stands before it ends the route");
    }
    if (auto child = compile(node.children[i])) children.push_back(std::move(child));
  }
  if (children.size() != node.children.size()) return nullptr;
  return std::make_unique<failover_node>(std::move(children));
}

route_node_ptr route_compiler::split(const node_config& node) {
  if (node.weights.empty()) {
    fault(node.path, "is empty: names no destination");
    return nullptr;
  }
  std::vector<split_node::member> members;
  std::set<std::string_view> seen;
  double sum = 0;
  for (const auto& [name, weight] : node.weights) {
    const std::string path = node.path + ".split." + name;
    if (!std::isfinite(weight) || weight < 0) {
      fault(path, "a weight is 0 or more");
    } else {
      sum += weight;
    }
    if (!seen.insert(name).second) fault(path, fmt::format("'{}' stands twice", name));
    if (const auto index = find(name, path)) members.push_back({*index, name, weight});
  }
  if (sum <= 0) fault(node.path, "at least one weight must be above 0");
  if (members.size() != node.weights.size()) return nullptr;
  return std::make_unique<split_node>(std::move(members), node.by);
}

void route_compiler::check_bound(const node_config& node) {
  if (bounds_set(node.limit) != 1) {
    fault(node.path, "needs exactly one of rate, concurrency, per_day, per_month, budget");
  } else if (!is_positive(node.limit)) {
    fault(node.path, "a limit is above 0");
  }
}

// Money is counted by the destination's price: without one in that currency the budget would never be used up.
void route_compiler::check_budget(const node_config& below, const money& budget, const std::string& path) {
  const auto check_name = [&](std::string_view name) {
    for (const destination_traits& one : destinations_) {
      if (one.name != name) continue;
      if (one.cost_per_thousand && one.cost_per_thousand->currency == budget.currency) continue;
      fault(path, fmt::format("a budget in {} needs cost_per_thousand in {} at destination '{}'", budget.currency,
                              budget.currency, name));
    }
  };
  if (below.what == node_config::kind::destination) check_name(below.name);
  for (const auto& [name, weight] : below.weights) check_name(name);
  for (const node_config& child : below.children) check_budget(child, budget, path);
}

route_node_ptr route_compiler::limit(const node_config& node) {
  check_bound(node);
  if (node.children.size() != 1) {
    fault(node.path, "needs one `via`");
    return nullptr;
  }
  if (is_ending(node.children.front())) fault(node.children.front().path, "nothing leaves here that could be limited");
  if (node.limit.budget) check_budget(node.children.front(), *node.limit.budget, node.path);
  const auto index = static_cast<std::uint16_t>(limits_.size());
  limits_.push_back(node.limit);
  limit_paths_.push_back(node.path);
  auto child = compile(node.children.front());
  if (!child) return nullptr;
  return std::make_unique<limit_node>(index, node.limit, std::move(child));
}

}  // namespace stellwerk::policy
