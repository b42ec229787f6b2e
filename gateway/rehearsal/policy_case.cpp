#include "gateway/rehearsal/policy_case.hpp"

#include <algorithm>

#include "gateway/config/decoder.hpp"

namespace stellwerk::rehearsal {
namespace {

using config::yaml_node;

constexpr std::string_view rule_prefix = "rule ";

std::string text_of(const yaml_node* node) { return node == nullptr ? std::string{} : node->text; }

std::vector<std::string> texts_of(const yaml_node* node) {
  std::vector<std::string> out;
  if (node == nullptr) return out;
  if (node->what == yaml_node::kind::scalar) out.push_back(node->text);
  for (const yaml_node& item : node->items) out.push_back(item.text);
  return out;
}

std::string rule_of(const policy::classification& stream) {
  return stream.source == mail::stream_source::rule && stream.reason.starts_with(rule_prefix)
             ? stream.reason.substr(rule_prefix.size())
             : "";
}

// What is compared: one recipient's decision and its message.
class comparison {
 public:
  comparison(const rehearsal& is, const policy::explained_recipient& recipient, const policy::policy& rules)
      : is_{is}, made_{recipient.made}, rules_{rules} {}

  // "" or the difference.
  [[nodiscard]] std::string of(const std::string& key, const yaml_node& expected) const {
    if (key == "candidates") return of_candidates(expected);
    const auto actual = text(key);
    if (!actual) {
      return "unknown expectation '" + key + "'" +
             config::nearest_hint(key, {"stream", "stream_source", "stream_reason", "rule", "action", "action_reason",
                                        "route", "chosen", "on_unknown", "candidates"});
    }
    if (*actual == expected.text) return "";
    return key + ": expected '" + expected.text + "', is '" + *actual + "'";
  }

 private:
  [[nodiscard]] const std::string& name_of(const policy::candidate& one) const {
    return rules_.destinations()[one.destination].name;
  }

  [[nodiscard]] std::optional<std::string> text(const std::string& key) const {
    const policy::classification& stream = is_.message->stream;
    const bool routed = made_.route < rules_.routes().size();
    if (key == "stream") return std::string{to_string(stream.stream)};
    if (key == "stream_source") return std::string{to_string(stream.source)};
    if (key == "stream_reason") return stream.reason;
    if (key == "rule") return rule_of(stream);
    if (key == "action") return std::string{to_string(made_.action)};
    if (key == "action_reason") return made_.action_reason;
    if (key == "route") return routed ? rules_.routes()[made_.route].name : "";
    if (key == "on_unknown") return routed ? to_string(rules_.routes()[made_.route].on_unknown) : "";
    if (key == "chosen") return made_.chosen() == nullptr ? "" : name_of(*made_.chosen());
    return std::nullopt;
  }

  [[nodiscard]] std::string of_candidates(const yaml_node& expected) const {
    if (expected.what == yaml_node::kind::scalar) {
      yaml_node list;
      list.what = yaml_node::kind::list;
      list.items.push_back(expected);
      return of_candidates(list);
    }
    const std::size_t wanted = expected.items.size();
    std::string names;
    for (const policy::candidate& one : made_.candidates) names += (names.empty() ? "" : ", ") + name_of(one);
    if (wanted != made_.candidates.size())
      return "candidates: expected " + std::to_string(wanted) + ", are [" + names + "]";
    for (std::size_t i = 0; i < wanted; ++i) {
      std::string differs = of_candidate(expected.items[i], made_.candidates[i]);
      if (!differs.empty()) return "candidates[" + std::to_string(i) + "]: " + differs;
    }
    return "";
  }

  [[nodiscard]] std::string of_candidate(const yaml_node& expected, const policy::candidate& is) const {
    if (expected.what == yaml_node::kind::scalar) {
      return expected.text == name_of(is) ? "" : "expected '" + expected.text + "', is '" + name_of(is) + "'";
    }
    for (const auto& [key, value] : expected.fields) {
      std::string actual;
      if (key == "destination") {
        actual = name_of(is);
      } else if (key == "verdict") {
        actual = to_string(is.verdict);
      } else if (key == "reason") {
        actual = to_string(is.reason);
      } else if (key == "invariant") {
        actual = is.invariant;
      } else if (key == "detail") {
        actual = is.detail;
      } else {
        return "unknown key '" + key + "'" +
               config::nearest_hint(key, {"destination", "verdict", "reason", "invariant", "detail"});
      }
      if (actual != value.text) return key + ": expected '" + value.text + "', is '" + actual + "'";
    }
    return "";
  }

  const rehearsal& is_;
  const policy::decision& made_;
  const policy::policy& rules_;
};

void append(std::string& out, std::string differs) {
  if (differs.empty()) return;
  out += (out.empty() ? "" : "; ") + differs;
}

// Of the first recipient, or of each by `recipients: {ADDRESS: {...}}`.
std::string differences(const yaml_node& expected, const rehearsal& is, const policy::policy& rules) {
  std::string out;
  for (const auto& [key, value] : expected.fields) {
    if (key != "recipients") {
      append(out, comparison{is, is.recipients.front(), rules}.of(key, value));
      continue;
    }
    for (const auto& [address, wanted] : value.fields) {
      const auto found = std::find_if(is.recipients.begin(), is.recipients.end(),
                                      [&](const policy::explained_recipient& one) { return one.recipient == address; });
      if (found == is.recipients.end()) {
        append(out, address + ": is no recipient");
        continue;
      }
      for (const auto& [inner, each] : wanted.fields) {
        std::string differs = comparison{is, *found, rules}.of(inner, each);
        if (!differs.empty()) append(out, address + ": " + differs);
      }
    }
  }
  return out;
}

// "" or what is wrong with the part of the case that says what is sent.
std::string read_subject(const yaml_node& node, const case_environment& environment, rehearsed_message& what) {
  const auto path_of = [&](const std::string& name) {
    return name.front() == '/' ? name : environment.directory + "/" + name;
  };
  what.client = text_of(node.find("client"));
  what.from = text_of(node.find("from"));
  what.to = texts_of(node.find("to"));
  what.content = text_of(node.find("content"));
  const yaml_node* facts = node.find("facts");
  const std::string file = text_of(node.find("message"));
  if (int{facts != nullptr} + int{!file.empty()} + int{!what.content.empty()} != 1)
    return "needs one of message, content, facts";
  if (!file.empty()) {
    const auto content = environment.read_file(path_of(file));
    if (!content) return file + ": cannot be read";
    what.content = *content;
  }
  if (facts == nullptr) return "";
  yaml_node from_file;
  if (facts->what == yaml_node::kind::scalar) {
    const auto text = environment.read_file(path_of(facts->text));
    auto parsed = config::parse_yaml(text.value_or(""));
    if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&parsed))
      return text ? to_string(faults->front(), facts->text) : facts->text + ": cannot be read";
    from_file = std::get<yaml_node>(std::move(parsed));
    facts = &from_file;
  }
  auto read = read_facts(*facts);
  if (auto* fault = std::get_if<std::string>(&read)) return std::move(*fault);
  what.facts = std::get<given_facts>(std::move(read));
  if (what.facts->client.empty()) what.facts->client = what.client;
  return "";
}

}  // namespace

void rule_coverage::count(const rehearsal& made) {
  if (const std::string rule = rule_of(made.message->stream); !rule.empty()) rules_hit_.insert(rule);
  for (const policy::explained_recipient& one : made.recipients) {
    if (one.made.route < rules_.routes().size()) routes_.insert(rules_.routes()[one.made.route].name);
    for (const policy::candidate& each : one.made.candidates) {
      if (!each.invariant.empty()) invariants_.insert(std::string{each.invariant});
    }
  }
}

std::vector<rule_coverage::part> rule_coverage::parts() const {
  const auto part_of = [](std::string what, const auto& configured, const std::set<std::string>& hit) {
    part out{std::move(what), configured.size(), {}};
    for (const auto& one : configured) {
      if (!hit.contains(one.name)) out.missing.push_back(one.name);
    }
    return out;
  };
  return {part_of("classify rules", rules_.config().classify_rules, rules_hit_),
          part_of("invariants", rules_.config().invariants, invariants_),
          part_of("routes", rules_.config().routes, routes_)};
}

double rule_coverage::share() const {
  std::size_t all = 0;
  std::size_t missing = 0;
  for (const part& one : parts()) {
    all += one.all;
    missing += one.missing.size();
  }
  return all == 0 ? 1 : static_cast<double>(all - missing) / static_cast<double>(all);
}

std::string run_case(const yaml_node& node, const case_environment& environment, rule_coverage& coverage) {
  for (const auto& [key, value] : node.fields) {
    const std::vector<std::string> known{"name", "message", "content", "facts", "client",
                                         "from", "to",      "assume",  "expect"};
    if (std::find(known.begin(), known.end(), key) == known.end())
      return "unknown key '" + key + "'" + config::nearest_hint(key, known);
  }
  rehearsed_message what;
  if (std::string fault = read_subject(node, environment, what); !fault.empty()) return fault;
  assumption assumed;
  if (const yaml_node* given = node.find("assume")) {
    auto read = read_assumption(*given);
    if (const auto* fault = std::get_if<std::string>(&read)) return *fault;
    assumed = std::get<assumption>(std::move(read));
  }
  const yaml_node* expected = node.find("expect");
  if (expected == nullptr || expected->fields.empty()) return "expects nothing";
  const auto answer = rehearse(environment.settings, what, assumed, environment.controls);
  if (const auto* fault = std::get_if<std::string>(&answer)) return *fault;
  const rehearsal& is = std::get<rehearsal>(answer);
  coverage.count(is);
  return differences(*expected, is, *environment.settings.policy);
}

}  // namespace stellwerk::rehearsal
