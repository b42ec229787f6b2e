// Routes and the nodes of their trees; docs/policy.md has the grammar.
#include <array>

#include "base/text.hpp"
#include "gateway/config/sections.hpp"

namespace stellwerk::config {
namespace {

using policy::node_config;

void load_node(const yaml_node& node, const std::string& path, const load_context& context, node_config& out);

void load_children(const yaml_node& node, const std::string& path, const load_context& context,
                   std::vector<node_config>& out) {
  if (node.what != yaml_node::kind::list) {
    context.faults.add(node, path, "a list of destinations or nodes is expected");
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    node_config child;
    load_node(node.items[i], path + "[" + std::to_string(i) + "]", context, child);
    out.push_back(std::move(child));
  }
}

void load_split(map_reader& fields, const load_context& context, node_config& out) {
  out.what = node_config::kind::split;
  const yaml_node* weights = fields.get("split");
  if (weights == nullptr || weights->what != yaml_node::kind::map) {
    fields.fault("split", "a map of destination to weight is expected");
  } else {
    map_reader reader{weights, fields.path_of("split"), context};
    for (const auto& [name, value] : weights->fields) {
      double weight = 0;
      reader.number(name, weight);
      if (weight < 0) reader.fault(name, "a weight is 0 or more");
      out.weights.emplace_back(name, weight);
    }
    reader.finish();
  }
  fields.choice<policy::split_by>("by", out.by,
                                  {{"recipient", policy::split_by::recipient},
                                   {"message", policy::split_by::message},
                                   {"campaign", policy::split_by::campaign}});
}

void load_via(map_reader& fields, const load_context& context, node_config& out) {
  node_config child;
  child.path = fields.path_of("via");
  if (const yaml_node* via = fields.get("via")) {
    load_node(*via, fields.path_of("via"), context, child);
  } else {
    fields.fault("via", "is required");
  }
  out.children.push_back(std::move(child));
}

void load_limit(map_reader& fields, const load_context& context, node_config& out) {
  out.what = node_config::kind::limit;
  map_reader bound{fields.get("limit"), fields.path_of("limit"), context};
  bound.rate("rate", out.limit.rate_per_second);
  std::uint32_t concurrency = 0;
  bound.integer("concurrency", concurrency);
  if (concurrency > 0) out.limit.concurrency = concurrency;
  std::uint64_t per_day = 0;
  std::uint64_t per_month = 0;
  bound.integer64("per_day", per_day);
  bound.integer64("per_month", per_month);
  if (per_day > 0) out.limit.per_day = per_day;
  if (per_month > 0) out.limit.per_month = per_month;
  bound.money_value("budget", out.limit.budget);
  bound.finish();
  const int given = int{out.limit.rate_per_second.has_value()} + int{out.limit.concurrency.has_value()} +
                    int{out.limit.per_day.has_value()} + int{out.limit.per_month.has_value()} +
                    int{out.limit.budget.has_value()};
  if (given != 1) fields.fault("limit", "exactly one of rate, concurrency, per_day, per_month, budget is expected");
  load_via(fields, context, out);
}

void load_spill(map_reader& fields, const load_context& context, node_config& out) {
  out.what = node_config::kind::spill;
  map_reader threshold{fields.get("spill"), fields.path_of("spill"), context};
  std::uint64_t backlog = 0;
  if (threshold.has("backlog")) {
    threshold.integer64("backlog", backlog);
    out.spill.backlog = backlog;
  }
  threshold.optional_duration("waited", out.spill.waited);
  threshold.finish();
  if (!out.spill.backlog && !out.spill.waited) fields.fault("spill", "at least one of backlog, waited is expected");
  load_via(fields, context, out);
}

void load_warmup(map_reader& fields, const load_context& context, node_config& out) {
  out.what = node_config::kind::warmup;
  map_reader schedule{fields.get("warmup"), fields.path_of("warmup"), context};
  policy::warmup_config made;
  std::string from;
  schedule.require("from");
  schedule.text("from", from);
  if (const auto day = parse_date(from)) {
    made.from = *day;
  } else if (!from.empty()) {
    schedule.fault("from", "a day such as 2026-12-01 is expected, not '" + from + "'");
  }
  schedule.require("daily");
  std::vector<std::string> daily;
  schedule.texts("daily", daily);
  for (const std::string& text : daily) {
    if (const auto number = parse_decimal(text)) {
      made.daily.push_back(*number);
    } else {
      schedule.fault("daily", "a number of messages is expected, not '" + text + "'");
    }
  }
  schedule.finish();
  out.limit.warmup = std::move(made);
  load_via(fields, context, out);
}

void load_shadow(map_reader& fields, const load_context& context, node_config& out) {
  out.what = node_config::kind::shadow;
  fields.text("shadow", out.name);
  fields.percent("share", out.share);
  load_via(fields, context, out);
}

void load_switch(map_reader& fields, const load_context& context, node_config& out) {
  out.what = node_config::kind::switch_by;
  const yaml_node* cases = fields.get("switch");
  if (cases == nullptr || cases->what != yaml_node::kind::list || cases->items.empty()) {
    fields.fault("switch", "a list of {when, via} is expected");
  } else {
    for (std::size_t i = 0; i < cases->items.size(); ++i) {
      map_reader one{&cases->items[i], fields.path_of("switch") + "[" + std::to_string(i) + "]", context};
      one.require("when");
      one.text("when", out.conditions.emplace_back());
      load_via(one, context, out);
      one.finish();
    }
  }
  node_config otherwise;
  otherwise.path = fields.path_of("otherwise");
  if (const yaml_node* node = fields.get("otherwise")) {
    load_node(*node, fields.path_of("otherwise"), context, otherwise);
  } else {
    fields.fault("otherwise", "is required: where mail goes that no case takes");
  }
  out.children.push_back(std::move(otherwise));
}

void load_list(map_reader& fields, std::string_view key, node_config::kind what, const load_context& context,
               node_config& out) {
  out.what = what;
  if (const yaml_node* list = fields.get(key)) load_children(*list, fields.path_of(key), context, out.children);
}

void load_ending(map_reader& fields, std::string_view key, node_config::kind what, node_config& out) {
  out.what = what;
  fields.text(key, out.name);
}

constexpr std::array<std::string_view, 11> kinds{"failover", "split",  "limit", "cheapest", "spill",  "warmup",
                                                 "shadow",   "switch", "hold",  "refuse",   "discard"};
constexpr const char* node_forms =
    "a destination's name, a list, or one of failover, split, limit, cheapest, spill, warmup, shadow, switch, hold, "
    "refuse, discard is expected";

// Two of them in one map: which stands above which cannot be told.
void check_one_kind(map_reader& fields) {
  std::string_view first;
  for (const std::string_view key : kinds) {
    if (!fields.has(key)) continue;
    if (first.empty()) {
      first = key;
    } else {
      fields.fault(key, "stands beside " + std::string{first} + ": " + node_forms);
      (void)fields.get(key);  // told: not also as an unknown key
    }
  }
}

// The key that names the kind; false if there is none.
bool load_kind(map_reader& fields, const load_context& context, node_config& out) {
  using kind = node_config::kind;
  if (fields.has("failover")) return load_list(fields, "failover", kind::failover, context, out), true;
  if (fields.has("cheapest")) return load_list(fields, "cheapest", kind::cheapest, context, out), true;
  if (fields.has("split")) return load_split(fields, context, out), true;
  if (fields.has("limit")) return load_limit(fields, context, out), true;
  if (fields.has("spill")) return load_spill(fields, context, out), true;
  if (fields.has("warmup")) return load_warmup(fields, context, out), true;
  if (fields.has("shadow")) return load_shadow(fields, context, out), true;
  if (fields.has("switch")) return load_switch(fields, context, out), true;
  if (fields.has("hold")) return load_ending(fields, "hold", kind::hold, out), true;
  if (fields.has("refuse")) return load_ending(fields, "refuse", kind::refuse, out), true;
  if (fields.has("discard")) return load_ending(fields, "discard", kind::discard, out), true;
  return false;
}

void load_node(const yaml_node& node, const std::string& path, const load_context& context, node_config& out) {
  out.path = path;
  context.faults.remember(path, node);
  if (node.what == yaml_node::kind::scalar) {
    out.what = node_config::kind::destination;
    out.name = node.text;
    return;
  }
  if (node.what == yaml_node::kind::list) {
    out.what = node_config::kind::failover;
    load_children(node, path, context, out.children);
    return;
  }
  if (node.what == yaml_node::kind::null) {
    context.faults.add(node, path, node_forms);
    return;
  }
  map_reader fields{&node, path, context};
  if (!load_kind(fields, context, out)) {
    context.faults.add(node, path, node_forms);
    return;
  }
  check_one_kind(fields);
  fields.finish();
}

}  // namespace

void load_route(const yaml_node& node, const std::string& path, const load_context& context,
                policy::route_config& out) {
  map_reader fields{&node, path, context};
  out.path = path;
  fields.require("name");
  fields.text("name", out.name);
  fields.text("when", out.when);
  out.via.path = fields.path_of("via");
  if (const yaml_node* via = fields.get("via")) {
    load_node(*via, fields.path_of("via"), context, out.via);
  } else {
    fields.fault("via", "is required");
  }
  fields.optional_duration("deadline", out.deadline);
  fields.choice<policy::on_deadline>("on_deadline", out.on_deadline,
                                     {{"next", policy::on_deadline::next}, {"drop", policy::on_deadline::drop}});
  fields.choice<policy::on_unknown>("on_unknown", out.on_unknown,
                                    {{"same_destination", policy::on_unknown::same_destination},
                                     {"hold", policy::on_unknown::hold},
                                     {"duplicate_is_better", policy::on_unknown::duplicate_is_better}});
  fields.choice<policy::on_deferral>("on_deferral", out.on_deferral,
                                     {{"wait", policy::on_deferral::wait}, {"next", policy::on_deferral::next}});
  fields.optional_duration("spill_after", out.spill_after);
  fields.finish();
}

}  // namespace stellwerk::config
