#include "gateway/simulate/fault_book.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <boost/json.hpp>

#include "base/text.hpp"

namespace stellwerk::simulate {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<std::string_view, fault_stage>, 8> stages{{{"connect", fault_stage::connect},
                                                                          {"greeting", fault_stage::greeting},
                                                                          {"mail", fault_stage::mail},
                                                                          {"rcpt", fault_stage::rcpt},
                                                                          {"data", fault_stage::data},
                                                                          {"dot", fault_stage::dot},
                                                                          {"request", fault_stage::request},
                                                                          {"response", fault_stage::response}}};
constexpr std::array<std::pair<std::string_view, fault_action>, 9> actions{
    {{"refuse", fault_action::refuse},
     {"reply", fault_action::reply},
     {"stall", fault_action::stall},
     {"close", fault_action::close},
     {"reset", fault_action::reset},
     {"accept_then_close", fault_action::accept_then_close},
     {"slow", fault_action::slow},
     {"partial", fault_action::partial},
     {"discard", fault_action::discard}}};

template <class E, std::size_t N>
std::optional<E> value_of(const std::array<std::pair<std::string_view, E>, N>& known, std::string_view name) {
  for (const auto& [word, value] : known) {
    if (word == name) return value;
  }
  return std::nullopt;
}

// "500ms", "2s", "5m" or a number of seconds.
std::optional<duration> read_duration(const json::value& value) {
  if (value.is_number()) return duration{static_cast<long long>(value.to_number<double>() * 1000)};
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = value.get_string();
  for (const auto& [unit, factor] :
       {std::pair<std::string_view, long long>{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}) {
    if (!text.ends_with(unit)) continue;
    if (const auto number = parse_decimal(text.substr(0, text.size() - unit.size()))) {
      return duration{static_cast<long long>(*number) * factor};
    }
  }
  return std::nullopt;
}

// A rule for a door that nobody stands behind would never befall anybody, and its test would pass for nothing.
std::optional<std::string> read_door(const json::value& value, const std::vector<std::string_view>& doors,
                                     std::string& fault) {
  if (value.is_string()) {
    const std::string_view name = value.get_string();
    if (std::find(doors.begin(), doors.end(), name) != doors.end()) return std::string{name};
  }
  fault = "unknown door " + json::serialize(value) + ": known are";
  for (const std::string_view known : doors) fault += (known == doors.front() ? " " : ", ") + std::string{known};
  return std::nullopt;
}

std::optional<fault_rule> read_rule(const json::object& object, const std::vector<std::string_view>& doors,
                                    std::string& fault) {
  fault_rule rule;
  bool has_stage = false;
  bool has_action = false;
  for (const auto& [key, value] : object) {
    const auto text = [&]() -> std::string {
      return value.is_string() ? std::string{value.get_string()} : std::string{};
    };
    if (key == "door") {
      auto door = read_door(value, doors, fault);
      if (!door) return std::nullopt;
      rule.door = std::move(*door);
    } else if (key == "match" && value.is_object()) {
      for (const auto& [what, glob] : value.get_object()) {
        std::string* target = what == "recipient" ? &rule.match_recipient
                              : what == "from"    ? &rule.match_from
                              : what == "header"  ? &rule.match_header
                                                  : nullptr;
        if (target == nullptr || !glob.is_string())
          return fault = "match: recipient, from or header with a glob", std::nullopt;
        *target = std::string{glob.get_string()};
      }
    } else if (key == "stage") {
      const auto stage = value_of(stages, text());
      if (!stage) return fault = "unknown stage '" + text() + "'", std::nullopt;
      rule.stage = *stage;
      has_stage = true;
    } else if (key == "do") {
      const auto action = value_of(actions, text());
      if (!action) return fault = "unknown action '" + text() + "'", std::nullopt;
      rule.action = *action;
      has_action = true;
    } else if (key == "reply") {
      rule.reply = text();
    } else if (key == "delay" || key == "from" || key == "for") {
      const auto time = read_duration(value);
      if (!time) return fault = std::string{key} + ": a duration is expected", std::nullopt;
      (key == "delay" ? rule.delay : key == "from" ? rule.from : rule.lasts) = *time;
    } else if (key == "ratio" && value.is_number()) {
      rule.ratio = value.to_number<double>();
    } else if (key == "count" && value.is_int64() && value.get_int64() >= 0) {
      rule.count = static_cast<std::uint64_t>(value.get_int64());
    } else {
      return fault = "unknown key or value: '" + std::string{key} + "'", std::nullopt;
    }
  }
  if (!has_stage || !has_action) return fault = "stage and do are required", std::nullopt;
  return rule;
}

}  // namespace

std::string_view to_string(fault_action action) {
  for (const auto& [word, value] : actions) {
    if (value == action) return word;
  }
  return "refuse";
}

bool glob_matches(std::string_view glob, std::string_view text) {
  std::size_t g = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && (glob[g] == '?' || ascii_lower(glob[g]) == ascii_lower(text[t]))) {
      ++g;
      ++t;
    } else if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

void fault_book::replace(std::vector<fault_rule> rules) {
  rules_ = std::move(rules);
  set_at_ = time_.steady();
}

std::optional<fault_rule> fault_book::find(std::string_view door, fault_stage stage, const fault_subject& subject) {
  const auto since = time_.steady() - set_at_;
  const auto any = [](std::string_view glob, const std::vector<std::string>& texts) {
    return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) { return glob_matches(glob, text); });
  };
  for (fault_rule& rule : rules_) {
    if (rule.stage != stage || (!rule.door.empty() && rule.door != door)) continue;
    if (rule.count > 0 && rule.used >= rule.count) continue;
    if (since < rule.from || (rule.lasts.count() > 0 && since >= rule.from + rule.lasts)) continue;
    if (!rule.match_from.empty() && !glob_matches(rule.match_from, subject.reverse_path)) continue;
    if (!rule.match_recipient.empty() &&
        !(subject.recipient.empty() ? any(rule.match_recipient, subject.recipients)
                                    : glob_matches(rule.match_recipient, subject.recipient))) {
      continue;
    }
    if (!rule.match_header.empty() && !any(rule.match_header, subject.headers)) continue;
    if (rule.ratio < 1 && random_.unit() >= rule.ratio) continue;
    ++rule.used;
    return rule;
  }
  return std::nullopt;
}

std::optional<std::vector<fault_rule>> parse_faults(std::string_view text, const std::vector<std::string_view>& doors,
                                                    std::string& fault) {
  boost::system::error_code failure;
  const json::value parsed = json::parse(text, failure);
  if (failure || !parsed.is_array()) return fault = "a JSON list of rules is expected", std::nullopt;
  std::vector<fault_rule> rules;
  for (const json::value& one : parsed.get_array()) {
    if (!one.is_object()) return fault = "each rule is an object", std::nullopt;
    auto rule = read_rule(one.get_object(), doors, fault);
    if (!rule) return std::nullopt;
    rules.push_back(std::move(*rule));
  }
  return rules;
}

}  // namespace stellwerk::simulate
