#include "policy/route/route_compiler.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "base/text.hpp"
#include "policy/route/cheapest_node.hpp"
#include "policy/route/destination_node.hpp"
#include "policy/route/discard_node.hpp"
#include "policy/route/failover_node.hpp"
#include "policy/route/hold_node.hpp"
#include "policy/route/limit_node.hpp"
#include "policy/route/refuse_node.hpp"
#include "policy/route/shadow_node.hpp"
#include "policy/route/spill_node.hpp"
#include "policy/route/split_node.hpp"
#include "policy/route/switch_node.hpp"
#include "policy/route/warmup_node.hpp"

namespace stellwerk::policy {
namespace {

bool is_ending(const node_config& node) {
  return node.what == node_config::kind::hold || node.what == node_config::kind::refuse ||
         node.what == node_config::kind::discard;
}

// Nothing behind it is ever asked.
bool always_ends(const node_config& node) {
  if (is_ending(node)) return true;
  const bool any = node.what == node_config::kind::failover;
  const bool all = node.what == node_config::kind::switch_by && !node.children.empty();
  return (any && std::any_of(node.children.begin(), node.children.end(), always_ends)) ||
         (all && std::all_of(node.children.begin(), node.children.end(), always_ends));
}

bool has(const node_config& node, node_config::kind what) {
  return node.what == what ||
         std::any_of(node.children.begin(), node.children.end(), [&](const auto& child) { return has(child, what); });
}

bool has_ending(const node_config& node) { return has(node, node_config::kind::hold) || can_end_for_good(node); }

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

bool can_end_for_good(const node_config& node) {
  return has(node, node_config::kind::refuse) || has(node, node_config::kind::discard);
}

route_node_ptr route_compiler::compile(const route_config& route, condition_use use) {
  route_ = &route;
  use_ = use;
  switches_.clear();
  const std::size_t faults_before = faults_.size();
  auto tree = node_of(route.via);
  if (faults_.size() > faults_before) switches_.clear();  // a node with faults is gone, with the conditions it owned
  return tree;
}

route_node_ptr route_compiler::node_of(const node_config& node) {
  switch (node.what) {
    case node_config::kind::destination: return destination(node);
    case node_config::kind::failover: return failover(node);
    case node_config::kind::split: return split(node);
    case node_config::kind::limit: return limit(node);
    case node_config::kind::hold: return std::make_unique<hold_node>(node.name.empty() ? "held_by_policy" : node.name);
    case node_config::kind::refuse:
      return std::make_unique<refuse_node>(node.name.empty() ? "refused by policy" : node.name);
    case node_config::kind::cheapest: return cheapest(node);
    case node_config::kind::spill: return spill(node);
    case node_config::kind::warmup: return warmup(node);
    case node_config::kind::shadow: return shadow(node);
    case node_config::kind::discard:
      return std::make_unique<discard_node>(node.name.empty() ? "discarded_by_policy" : node.name);
    case node_config::kind::switch_by: return switch_by(node);
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

// The children; fewer than there are if some have faults.
std::vector<route_node_ptr> route_compiler::list_of(const node_config& node) {
  if (node.children.empty()) fault(node.path, "is empty: names no destination");
  std::vector<route_node_ptr> children;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const node_config& one = node.children[i];
    if (i > 0 && always_ends(node.children[i - 1])) {
      fault(one.path, "is never reached: what stands before it ends the route");
    } else if (i > 0 && has(one, node_config::kind::discard)) {
      fault(one.path, "would throw away mail that only waits for what stands before it: `on_deadline: drop` says when");
    }
    if (auto child = node_of(one)) children.push_back(std::move(child));
  }
  return children;
}

route_node_ptr route_compiler::failover(const node_config& node) {
  auto children = list_of(node);
  if (children.empty() || children.size() != node.children.size()) return nullptr;
  return std::make_unique<failover_node>(std::move(children));
}

route_node_ptr route_compiler::cheapest(const node_config& node) {
  std::string currency;
  for (const node_config& child : node.children) {
    if (has_ending(child)) fault(child.path, "has no price");
    if (has(child, node_config::kind::split)) fault(child.path, "a split shares by weight, not by price");
    check_prices(child, child.path, currency);
  }
  auto children = list_of(node);
  if (children.empty() || children.size() != node.children.size()) return nullptr;
  std::vector<double> prices;
  for (const destination_traits& one : destinations_) {
    prices.push_back(one.cost_per_thousand ? one.cost_per_thousand->amount : 0);
  }
  return std::make_unique<cheapest_node>(std::move(children), std::move(prices));
}

// Prices are compared: each destination needs one, in the currency of the first.
void route_compiler::check_prices(const node_config& below, const std::string& path, std::string& currency) {
  for (const destination_traits& one : destinations_) {
    if (below.what != node_config::kind::destination || one.name != below.name) continue;
    if (!one.cost_per_thousand) {
      fault(path, fmt::format("destination '{}' needs cost_per_thousand to be compared", one.name));
    } else if (currency.empty()) {
      currency = one.cost_per_thousand->currency;
    } else if (currency != one.cost_per_thousand->currency) {
      fault(path, fmt::format("destination '{}' has its price in {}, the others in {}", one.name,
                              one.cost_per_thousand->currency, currency));
    }
  }
  for (const node_config& child : below.children) check_prices(child, child.path, currency);
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

// The one node below; null if there is none or it has faults.
route_node_ptr route_compiler::only_child(const node_config& node, const char* what_for) {
  if (node.children.size() != 1) {
    fault(node.path, "needs one `via`");
    return nullptr;
  }
  if (always_ends(node.children.front())) {
    fault(node.children.front().path, fmt::format("nothing leaves here that could be {}", what_for));
  }
  return node_of(node.children.front());
}

// A name that holds over reloads: counts go on under it when routes are moved or bounds changed.
std::uint16_t route_compiler::number_limit(const node_config& node) {
  std::string name =
      route_->name + "." +
      (node.path.starts_with(route_->path + ".") ? node.path.substr(route_->path.size() + 1) : node.path);
  while (std::find(limit_names_.begin(), limit_names_.end(), name) != limit_names_.end()) name += '+';
  limits_.push_back(node.limit);
  limit_names_.push_back(std::move(name));
  return static_cast<std::uint16_t>(limits_.size() - 1);
}

route_node_ptr route_compiler::limit(const node_config& node) {
  check_bound(node);
  if (node.limit.budget && node.children.size() == 1) {
    check_budget(node.children.front(), *node.limit.budget, node.path);
  }
  const std::uint16_t index = number_limit(node);
  auto child = only_child(node, "limited");
  return child ? std::make_unique<limit_node>(index, node.limit, std::move(child)) : nullptr;
}

route_node_ptr route_compiler::warmup(const node_config& node) {
  if (!node.limit.warmup || node.limit.warmup->daily.empty()) fault(node.path, "needs `daily`: how many on each day");
  const std::uint16_t index = number_limit(node);
  auto child = only_child(node, "warmed up");
  return child ? std::make_unique<warmup_node>(index, node.limit, std::move(child)) : nullptr;
}

route_node_ptr route_compiler::spill(const node_config& node) {
  if (!node.spill.backlog && !node.spill.waited) fault(node.path, "needs `backlog` or `waited`: when mail spills");
  auto child = only_child(node, "spilled");
  if (!child) return nullptr;
  note_spill(node.children.front(), node.spill);
  return std::make_unique<spill_node>(node.spill, std::move(child));
}

void route_compiler::note_spill(const node_config& below, const spill_config& thresholds) {
  const auto lower = [](auto& known, const auto& given) {
    if (given && (!known || *given < *known)) known = given;
  };
  for (std::size_t i = 0; i < destinations_.size(); ++i) {
    const std::string& name = destinations_[i].name;
    const bool named = (below.what == node_config::kind::destination && below.name == name) ||
                       std::any_of(below.weights.begin(), below.weights.end(),
                                   [&](const auto& member) { return member.first == name; });
    if (!named) continue;
    if (!spills_[i]) spills_[i].emplace();
    lower(spills_[i]->backlog, thresholds.backlog);
    lower(spills_[i]->waited, thresholds.waited);
  }
  for (const node_config& child : below.children) note_spill(child, thresholds);
}

route_node_ptr route_compiler::shadow(const node_config& node) {
  if (!(node.share > 0 && node.share <= 1)) fault(node.path, "a share is above 0% and at most 100%");
  const auto index = find(node.name, node.path);
  if (index && !destinations_[*index].can_sandbox) {
    fault(node.path, fmt::format("destination '{}' has no sandbox: a copy would be delivered", node.name));
  }
  auto child = only_child(node, "copied");
  if (!child || !index) return nullptr;
  return std::make_unique<shadow_node>(*index, node.name, node.share, std::move(child));
}

route_node_ptr route_compiler::switch_by(const node_config& node) {
  if (node.children.size() != node.conditions.size() + 1 || node.conditions.empty()) {
    fault(node.path, "needs at least one case, and `otherwise`");
    return nullptr;
  }
  std::vector<switch_node::branch> branches;
  for (std::size_t i = 0; i < node.conditions.size(); ++i) {
    const std::string path = fmt::format("{}.switch[{}].when", node.path, i);
    if (node.conditions[i].empty()) fault(path, "is always true: what follows is never reached");
    auto compiled = condition::compile(node.conditions[i], path, use_, destinations_);
    if (auto* wrong = std::get_if<std::vector<policy_fault>>(&compiled)) {
      faults_.insert(faults_.end(), wrong->begin(), wrong->end());
      compiled = std::unique_ptr<const condition>{};
    }
    auto when = std::move(std::get<std::unique_ptr<const condition>>(compiled));
    auto via = node_of(node.children[i]);
    if (!when || !via) continue;
    switches_.push_back(when.get());
    branches.push_back({std::move(when), node.conditions[i], std::move(via)});
  }
  auto otherwise = node_of(node.children.back());
  if (!otherwise || branches.size() != node.conditions.size()) return nullptr;
  return std::make_unique<switch_node>(std::move(branches), std::move(otherwise), destinations_);
}

}  // namespace stellwerk::policy
