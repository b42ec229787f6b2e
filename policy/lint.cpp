#include "policy/lint.hpp"

#include <algorithm>
#include <set>

namespace stellwerk::policy {
namespace {

constexpr std::size_t clients_judged_max = 64;  // beyond it the client is unknown

// Without the spaces between words, so that two spellings of one condition are one.
std::string without_spaces(std::string_view source) {
  std::string out;
  char quote = 0;
  bool space = false;
  for (std::size_t i = 0; i < source.size(); ++i) {
    const char c = source[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
      space = true;
      continue;
    }
    const auto is_word = [](char one) {
      return one == '_' || (one >= '0' && one <= '9') || ((one | 0x20) >= 'a' && (one | 0x20) <= 'z');
    };
    if (space && !out.empty() && is_word(out.back()) && is_word(c)) out += ' ';
    space = false;
    out += c;
    if (quote != 0 && c == '\\' && i + 1 < source.size()) {
      out += source[++i];
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    }
  }
  return out;
}

void add_destinations(const node_config& node, std::vector<std::string>& out) {
  if (node.what == node_config::kind::destination) out.push_back(node.name);
  for (const auto& [name, weight] : node.weights) {
    if (weight > 0) out.push_back(name);
  }
  for (const node_config& child : node.children) add_destinations(child, out);
}

std::string described(const std::vector<message_kind>& kinds) {
  std::set<std::string> streams;
  std::set<std::string> clients;
  for (const message_kind& one : kinds) {
    streams.insert(one.stream);
    clients.insert(one.client);
  }
  std::string out;
  if (streams.size() == 1) out = "stream " + *streams.begin();
  if (clients.size() == 1 && !clients.begin()->empty())
    out += (out.empty() ? "client " : ", client ") + *clients.begin();
  return out;
}

}  // namespace

linter::linter(const policy::impl& rules, std::span<const known_client> clients) : rules_{rules} {
  std::vector<known_client> known{clients.begin(), clients.end()};
  if (known.empty() || known.size() > clients_judged_max) known.assign(1, {});
  for (const mail::traffic_stream stream : mail::all_traffic_streams) {
    for (const char* ingress : {"smtp", "grpc"}) {
      for (const known_client& client : known) {
        kinds_.push_back({std::string{mail::to_string(stream)}, ingress, client.name, client.tenant});
      }
    }
  }
}

linter::truth linter::judge(const condition& asked, const partial_facts& facts, condition::answer on_error) {
  condition::answer said = asked.ask_about(facts);
  if (said == condition::answer::error) {
    if (facts.asked_unknown()) return truth::depends;
    said = on_error;
  }
  return said == condition::answer::yes ? truth::yes : truth::no;
}

std::vector<linter::truth> linter::judge(const condition& when, condition::answer on_error) const {
  std::vector<truth> answers;
  for (const message_kind& kind : kinds_) answers.push_back(judge(when, partial_facts{kind}, on_error));
  return answers;
}

std::vector<policy_finding> linter::findings() {
  std::vector<ordered_rule> classify;
  for (std::size_t i = 0; i < rules_.rules.size(); ++i) {
    const classify_rule_config& config = rules_.config.classify_rules[i];
    classify.push_back({config.name, config.path, config.when, judge(*rules_.rules[i].when, condition::answer::no)});
  }
  std::vector<ordered_rule> routes;
  for (std::size_t i = 0; i < rules_.routes.size(); ++i) {
    const route_config& config = rules_.config.routes[i];
    routes.push_back({config.name, config.path, config.when, judge(*rules_.routes[i].when, condition::answer::no)});
  }
  look_at_order(classify);
  look_at_order(routes);
  look_for_mail_without_route(routes);
  look_at_invariants(routes);
  return std::move(found_);
}

void linter::look_at_order(const std::vector<ordered_rule>& rules) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    std::string why = why_never(rules, i);
    if (why.empty()) continue;
    add(severity::fault, rules[i].path + (rules[i].when.empty() ? "" : ".when"), std::move(why));
  }
}

std::string linter::why_never(const std::vector<ordered_rule>& rules, std::size_t index) const {
  const ordered_rule& one = rules[index];
  const auto never = [](truth answer) { return answer == truth::no; };
  if (std::all_of(one.answers.begin(), one.answers.end(), never)) return "is never true";
  const std::string source = without_spaces(one.when);
  for (std::size_t before = 0; before < index; ++before) {
    if (!source.empty() && without_spaces(rules[before].when) == source)
      return "is never reached: '" + rules[before].name + "' before it has the same condition";
  }
  std::set<std::size_t> taken_by;
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
    if (one.answers[kind] == truth::no) continue;
    std::size_t before = 0;
    while (before < index && rules[before].answers[kind] != truth::yes) ++before;
    if (before == index) return "";
    taken_by.insert(before);
  }
  std::string names;
  for (const std::size_t before : taken_by) names += (names.empty() ? "'" : ", '") + rules[before].name + "'";
  return "is never reached: what it could match is always matched before it by " + names;
}

void linter::look_for_mail_without_route(const std::vector<ordered_rule>& routes) {
  std::vector<message_kind> without;
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
    const bool sure = std::any_of(routes.begin(), routes.end(),
                                  [&](const ordered_rule& one) { return one.answers[kind] == truth::yes; });
    if (!sure) without.push_back(kinds_[kind]);
  }
  if (without.empty()) return;
  const std::string which = described(without);
  add(severity::warning, "policy.routes",
      "mail may match no route and is held then (no_route)" + (which.empty() ? "" : ": " + which) +
          "; end with a route without `when`");
}

void linter::look_at_invariants(const std::vector<ordered_rule>& routes) {
  for (std::size_t i = 0; i < rules_.invariants.all().size() && i < rules_.config.invariants.size(); ++i) {
    look_at_invariant(i, routes);
  }
}

void linter::look_at_invariant(std::size_t index, const std::vector<ordered_rule>& routes) {
  const invariant_config& config = rules_.config.invariants[index];
  const std::vector<truth> applies = judge(*rules_.invariants.all()[index].when, condition::answer::yes);
  const auto never = [](truth answer) { return answer == truth::no; };
  if (std::all_of(applies.begin(), applies.end(), never)) {
    add(severity::fault, config.path + ".when", "is never true: the invariant protects nothing");
    return;
  }
  if (config.only.empty()) return;
  std::vector<std::string> all;
  for (const destination_traits& one : rules_.destinations) {
    if (!one.removed) all.push_back(one.name);
  }
  bool hopeless = true;
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
    if (applies[kind] != truth::no) hopeless = hopeless && meets_none(index, kinds_[kind], all);
  }
  if (hopeless) {
    add(severity::fault, config.path + ".only", "no destination meets it: what it applies to can never leave");
    return;
  }
  for (std::size_t route = 0; route < routes.size(); ++route) {
    std::vector<truth> both = routes[route].answers;
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
      if (applies[kind] == truth::no) {
        both[kind] = truth::no;
      } else if (both[kind] == truth::yes) {
        both[kind] = applies[kind];
      }
    }
    look_at_route(route, both, index);
  }
}

void linter::look_at_route(std::size_t route, const std::vector<truth>& applies, std::size_t invariant) {
  const route_config& config = rules_.config.routes[route];
  std::vector<std::string> names;
  add_destinations(config.via, names);
  if (names.empty()) return;  // it ends by itself: hold, refuse
  bool any = false;
  bool always = true;
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
    if (applies[kind] == truth::no) continue;
    if (!meets_none(invariant, kinds_[kind], names)) return;
    any = true;
  }
  if (!any) return;
  // Everything the route can match is under the invariant, so the route sends nothing at all.
  const std::vector<truth> under = judge(*rules_.invariants.all()[invariant].when, condition::answer::yes);
  const std::vector<truth> matched = judge(*rules_.routes[route].when, condition::answer::no);
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind) {
    if (matched[kind] != truth::no && under[kind] != truth::yes) always = false;
  }
  const std::string& name = rules_.config.invariants[invariant].name;
  if (always) {
    add(severity::fault, config.path + ".via",
        "invariant '" + name + "' allows none of its destinations: nothing can leave by it");
  } else {
    add(severity::warning, config.path + ".via",
        "invariant '" + name +
            "' allows none of its destinations: mail under it that takes this route is refused or held");
  }
}

bool linter::meets_none(std::size_t invariant, const message_kind& kind, const std::vector<std::string>& names) const {
  const condition& only = *rules_.invariants.all()[invariant].only;
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    const auto index = rules_.index_of(name);
    if (!index) return true;
    return judge(only, partial_facts{kind, &rules_.destinations[*index]}, condition::answer::no) == truth::no;
  });
}

}  // namespace stellwerk::policy
