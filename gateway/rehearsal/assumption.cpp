#include "gateway/rehearsal/assumption.hpp"

#include "gateway/config/decoder.hpp"
#include "mail/address.hpp"

namespace stellwerk::rehearsal {
namespace {

using config::yaml_node;

std::string text_of(const yaml_node* node) { return node == nullptr ? std::string{} : node->text; }

// "" or what is wrong.
std::string read_destination(const std::string& name, const yaml_node& node,
                             policy::assumed_live_state::assumption& out) {
  const std::string path = "assume.destinations." + name;
  if (node.what != yaml_node::kind::map) return path + ": a map such as {state: open} is expected";
  for (const auto& [key, given] : node.fields) {
    if (key == "state") {
      out.state = given.text;
    } else if (key == "full") {
      if (given.text != "true" && given.text != "false")
        return path + ".full: true or false is expected, not '" + given.text + "'";
      out.full = given.text == "true";
    } else if (key == "backlog") {
      const auto number = config::parse_number(given.text);
      if (!number || *number < 0) return path + ".backlog: a number of messages is expected, not '" + given.text + "'";
      out.backlog = static_cast<std::int64_t>(*number);
    } else if (key == "spent") {
      // With or without the currency, which is the destination's.
      const auto money = config::parse_money(given.text);
      const auto number = money ? std::optional{money->amount} : config::parse_number(given.text);
      if (!number || *number < 0) return path + ".spent: an amount is expected, not '" + given.text + "'";
      out.spent = *number;
    } else {
      return path + ": unknown key '" + key + "'" + config::nearest_hint(key, {"state", "full", "backlog", "spent"});
    }
  }
  return "";
}

std::string read_attempt(const yaml_node& node, policy::past_attempt& out) {
  for (const auto& [key, value] : node.fields) {
    if (key != "destination" && key != "outcome") {
      return "assume.attempts: unknown key '" + key + "'" + config::nearest_hint(key, {"destination", "outcome"});
    }
  }
  out.destination = text_of(node.find("destination"));
  const std::string word = text_of(node.find("outcome"));
  const auto outcome = mail::parse_attempt_outcome(word);
  if (!outcome) return "assume.attempts: unknown outcome '" + word + "'";
  out.outcome = *outcome;
  return out.destination.empty() ? "assume.attempts: destination is required" : "";
}

std::string read_key(const std::string& key, const yaml_node& value, assumption& out) {
  if (key == "now") {
    out.now = parse_rfc3339(value.text);
    return out.now ? "" : "assume.now: not an RFC 3339 time: " + value.text;
  }
  if (key == "destinations") {
    if (value.what != yaml_node::kind::map && value.what != yaml_node::kind::null)
      return "assume.destinations: a map is expected";
    for (const auto& [name, state] : value.fields) {
      if (std::string fault = read_destination(name, state, out.destinations[name]); !fault.empty()) return fault;
    }
    return "";
  }
  if (key == "attempts") {
    if (value.what != yaml_node::kind::list && value.what != yaml_node::kind::null)
      return "assume.attempts: a list is expected";
    for (const yaml_node& item : value.items) {
      if (std::string fault = read_attempt(item, out.attempts.emplace_back()); !fault.empty()) return fault;
    }
    return "";
  }
  if (key == "suppressed") {
    if (value.what != yaml_node::kind::list && value.what != yaml_node::kind::null)
      return "assume.suppressed: a list of addresses is expected";
    for (const yaml_node& item : value.items) {
      const auto address = mail::parse_address(item.text);
      if (!address) return "assume.suppressed: no address: '" + item.text + "'";
      out.suppressed.push_back(address->to_string());
    }
    return "";
  }
  return "assume: unknown key '" + key + "'" +
         config::nearest_hint(key, {"now", "destinations", "attempts", "suppressed"});
}

}  // namespace

std::variant<assumption, std::string> read_assumption(const yaml_node& node) {
  assumption out;
  if (node.what == yaml_node::kind::null) return out;
  if (node.what != yaml_node::kind::map) return std::string{"assume: a map is expected"};
  for (const auto& [key, value] : node.fields) {
    if (std::string fault = read_key(key, value, out); !fault.empty()) return fault;
  }
  return out;
}

std::variant<policy::assumed_live_state, std::string> live_state_of(const assumption& assumed,
                                                                    const policy::policy& rules) {
  policy::assumed_live_state live{rules};
  for (const auto& [name, state] : assumed.destinations) {
    if (!live.assume(rules, name, state)) return "assume: no destination or state: " + name + " " + state.state;
  }
  live.assume_suppressed(assumed.suppressed);
  return live;
}

}  // namespace stellwerk::rehearsal
