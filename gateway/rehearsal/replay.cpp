#include "gateway/rehearsal/replay.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace stellwerk::rehearsal {
namespace {

namespace json = boost::json;

constexpr std::size_t samples_max = 20;
constexpr std::uint32_t named_recipients_max = 200;  // beyond it every vendor's own bound decides

// A message that decides as the recorded one would; views stay valid with the object.
struct recalled_message {
  explicit recalled_message(const recorded_fact& fact)
      : features{features_of(fact.note, names_of(fact))}, header{mail::header_section::parse("\r\n")} {
    message.id.bytes[0] = 1;  // it was accepted
    message.client = fact.client;
    message.tenant = fact.tenant;
    message.ingress = to_string(fact.ingress);
    message.listener = fact.listener;
    message.reverse_path = fact.reverse_path;
    message.header_from_domain = fact.note.header_from_domain;
    if (!message.header_from_domain.empty()) message.header_from = "@" + message.header_from_domain;
    message.campaign = fact.campaign;
    message.template_name = fact.template_name;
    message.header = &header;
    message.features = &features;
    message.tags = &fact.tags;
    message.metadata = &fact.metadata;
    message.size = fact.size;
    message.recipients = fact.recipients;
    message.accepted_at = fact.at;
    message.is_notice = fact.is_notice;
    message.bound_by = &fact.bound_by;
  }

  static std::vector<std::string> names_of(const recorded_fact& fact) {
    std::vector<std::string> names{fact.recipient};
    for (std::uint32_t i = 1; i < std::min(fact.recipients, named_recipients_max); ++i)
      names.push_back(std::to_string(i));
    return names;
  }

  mail::message_features features;
  mail::header_section header;
  policy::message_facts message;
};

void add_cost(const policy::policy& rules, std::string_view destination, std::map<std::string, double>& cost) {
  for (const policy::destination_traits& one : rules.destinations()) {
    if (one.name == destination && one.cost_per_thousand)
      cost[one.cost_per_thousand->currency] += one.cost_per_thousand->amount / 1000;
  }
}

void count_forbidden(const policy::policy& rules, const policy::facts& about, std::string_view destination,
                     std::map<std::string, std::uint64_t>& out) {
  const auto all = rules.destinations();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].name != destination) continue;
    const std::string_view invariant = rules.forbidden_by(about, static_cast<std::uint16_t>(i));
    if (!invariant.empty()) ++out[std::string{invariant}];
  }
}

json::array pairs_of(const std::map<std::pair<std::string, std::string>, std::uint64_t>& counts) {
  std::vector<std::pair<std::uint64_t, std::pair<std::string, std::string>>> sorted;
  for (const auto& [key, count] : counts) sorted.emplace_back(count, key);
  std::sort(sorted.rbegin(), sorted.rend());
  json::array out;
  for (const auto& [count, key] : sorted)
    out.push_back(json::object{{"before", key.first}, {"after", key.second}, {"count", count}});
  return out;
}

template <class Value>
json::object object_of(const std::map<std::string, Value>& values) {
  json::object out;
  for (const auto& [key, value] : values) out[key] = value;
  return out;
}

template <class Key, class Value>
void add_all(std::map<Key, Value>& into, const std::map<Key, Value>& from) {
  for (const auto& [key, value] : from) into[key] += value;
}

}  // namespace

void replay_report::merge(const replay_report& other) {
  facts += other.facts;
  unreadable += other.unreadable;
  changed_route += other.changed_route;
  changed_destination += other.changed_destination;
  add_all(routes, other.routes);
  add_all(destinations, other.destinations);
  add_all(actions, other.actions);
  add_all(cost_before, other.cost_before);
  add_all(cost_after, other.cost_after);
  add_all(broken_before, other.broken_before);
  add_all(broken_after, other.broken_after);
  for (const std::string& one : other.samples) {
    if (samples.size() < samples_max) samples.push_back(one);
  }
}

replay::replay(std::shared_ptr<const policy::policy> candidate, std::shared_ptr<const policy::policy> against)
    : candidate_{std::move(candidate)}, against_{std::move(against)} {}

replayed_way replay::ask(const policy::policy& rules, const policy::facts& about, time_point now,
                         std::map<std::string, double>& cost) const {
  static const policy::history nothing;
  static const policy::ideal_live_state ideal;
  const policy::decision made = rules.decide(about, nothing, ideal, now);
  replayed_way way;
  way.action = to_string(made.action);
  if (made.route < rules.routes().size()) way.route = rules.routes()[made.route].name;
  if (const policy::candidate* chosen = made.chosen()) {
    way.destination = rules.destinations()[chosen->destination].name;
    add_cost(rules, way.destination, cost);
  }
  return way;
}

void replay::judge(const policy::facts& about, const replayed_way& before, const replayed_way& after) {
  ++report_.actions[after.action];
  if (before.route != after.route) {
    ++report_.changed_route;
    ++report_.routes[{before.route, after.route}];
  }
  if (before.destination != after.destination) {
    ++report_.changed_destination;
    ++report_.destinations[{before.destination, after.destination}];
  }
  count_forbidden(*candidate_, about, before.destination, report_.broken_before);
  if (against_) count_forbidden(*against_, about, after.destination, report_.broken_after);
}

void replay::add(const recorded_fact& fact) {
  ++report_.facts;
  const recalled_message recalled{fact};
  policy::facts about = policy::make_facts(recalled.message, fact.stream, fact.recipient);
  replayed_way before{fact.route, fact.destination, ""};
  if (against_) {
    before = ask(*against_, about, fact.at, report_.cost_before);
  } else {
    add_cost(*candidate_, before.destination, report_.cost_before);
  }
  const replayed_way after = ask(*candidate_, about, fact.at, report_.cost_after);
  judge(about, before, after);
  const bool changed = before.destination != after.destination || before.route != after.route;
  if (changed && report_.samples.size() < samples_max) {
    json::object sample{
        {"fact", json::parse(to_json_line(fact))},
        {"before", json::object{{"route", before.route}, {"destination", before.destination}}},
        {"after", json::object{{"route", after.route}, {"destination", after.destination}, {"action", after.action}}}};
    report_.samples.push_back(json::serialize(sample));
  }
}

void replay::add_line(std::string_view line) {
  if (line.empty()) return;
  const auto fact = parse_recorded_fact(line);
  if (!fact) {
    ++report_.unreadable;
    return;
  }
  add(*fact);
}

std::string to_json(const replay_report& report, const policy::policy& candidate, const policy::policy* against) {
  json::object out{{"facts", report.facts},
                   {"unreadable", report.unreadable},
                   {"policy_version", candidate.version()},
                   {"against", against != nullptr ? against->version() : "record"},
                   {"changed_route", report.changed_route},
                   {"changed_destination", report.changed_destination},
                   {"routes", pairs_of(report.routes)},
                   {"destinations", pairs_of(report.destinations)},
                   {"actions", object_of(report.actions)},
                   {"cost_before", object_of(report.cost_before)},
                   {"cost_after", object_of(report.cost_after)},
                   {"invariants_broken_before", object_of(report.broken_before)},
                   {"invariants_broken_after", object_of(report.broken_after)}};
  const auto unrecorded = candidate.conditions_naming(unrecorded_slots);
  out["reads_what_is_not_recorded"] = json::array(unrecorded.begin(), unrecorded.end());
  json::array& samples = out["samples"].emplace_array();
  for (const std::string& one : report.samples) samples.push_back(json::parse(one));
  return json::serialize(out);
}

}  // namespace stellwerk::rehearsal
