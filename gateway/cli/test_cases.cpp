// `stellwerk test`: policy unit tests. A YAML list of cases: a message, the live state assumed, what is expected.
//
//   - name: newsletters take the ESP
//     message: newsletter.eml            # relative to the case file; or `content: |` with the text itself
//     client: shop
//     to: [ann@example.org]
//     assume: {destinations: {mailjet: {state: open}}}
//     expect: {stream: marketing, route: newsletters, action: deliver, chosen: onprem, candidates: [mailjet, onprem]}
#include <iostream>
#include <set>

#include "base/file.hpp"
#include "gateway/cli/command.hpp"
#include "gateway/cli/load_or_report.hpp"
#include "gateway/cli/rehearsal.hpp"

namespace stellwerk::cli {
namespace {

using config::yaml_node;

struct outcome {
  std::string name;
  std::string failure;  // empty: passed
};

std::string text_of(const yaml_node* node) { return node == nullptr ? std::string{} : node->text; }

std::vector<std::string> texts_of(const yaml_node* node) {
  std::vector<std::string> out;
  if (node == nullptr) return out;
  if (node->what == yaml_node::kind::scalar) out.push_back(node->text);
  for (const yaml_node& item : node->items) out.push_back(item.text);
  return out;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& one : texts) out += (out.empty() ? "" : ", ") + one;
  return out;
}

// The first difference between what is expected and what is, "" if there is none.
std::string difference(const yaml_node& expected, const rehearsal& is, const policy::policy& rules) {
  const policy::decision& made = is.recipients.front().made;
  const auto name_of = [&](const policy::candidate& one) { return rules.destinations()[one.destination].name; };
  for (const auto& [key, value] : expected.fields) {
    std::string actual;
    std::string wanted = value.text;
    if (key == "stream") {
      actual = to_string(is.stream.stream);
    } else if (key == "stream_source") {
      actual = to_string(is.stream.source);
    } else if (key == "action") {
      actual = to_string(made.action);
    } else if (key == "action_reason") {
      actual = made.action_reason;
    } else if (key == "route") {
      actual = made.route < rules.routes().size() ? rules.routes()[made.route].name : "";
    } else if (key == "chosen") {
      actual = made.chosen() == nullptr ? "" : name_of(*made.chosen());
    } else if (key == "candidates") {
      std::vector<std::string> names;
      for (const policy::candidate& one : made.candidates) names.push_back(name_of(one));
      actual = joined(names);
      wanted = joined(texts_of(&value));
    } else {
      return "unknown expectation '" + key + "'";
    }
    if (actual != wanted) return key + ": expected '" + wanted + "', is '" + actual + "'";
  }
  return "";
}

class runner {
 public:
  runner(const config::gateway_config& settings, const config::load_environment& environment, const control_reader& controls)
      : settings_{settings}, environment_{environment}, controls_{controls} {}

  [[nodiscard]] std::string run(const yaml_node& node, const std::string& directory) {
    rehearsed_message what;
    what.client = text_of(node.find("client"));
    what.from = text_of(node.find("from"));
    what.to = texts_of(node.find("to"));
    what.content = text_of(node.find("content"));
    if (const std::string file = text_of(node.find("message")); !file.empty()) {
      const auto content = environment_.read_file(file[0] == '/' ? file : directory + "/" + file);
      if (!content) return file + ": cannot be read";
      what.content = *content;
    }
    assumption assumed;
    if (const yaml_node* given = node.find("assume")) {
      auto read = read_assumption(*given);
      if (const auto* fault = std::get_if<std::string>(&read)) return *fault;
      assumed = std::get<assumption>(read);
    }
    const yaml_node* expected = node.find("expect");
    if (expected == nullptr || expected->fields.empty()) return "expects nothing";
    const auto answer = rehearse(settings_, what, assumed, controls_);
    if (const auto* fault = std::get_if<std::string>(&answer)) return *fault;
    const rehearsal& is = std::get<rehearsal>(answer);
    const std::size_t route = is.recipients.front().made.route;
    if (route < settings_.policy->routes().size()) routes_.insert(settings_.policy->routes()[route].name);
    return difference(*expected, is, *settings_.policy);
  }

  void print_coverage() const {
    std::string missing;
    for (const policy::route_config& route : settings_.policy->routes()) {
      if (!routes_.contains(route.name)) missing += " " + route.name;
    }
    std::cout << "routes taken by a case: " << routes_.size() << " of " << settings_.policy->routes().size();
    std::cout << (missing.empty() ? "" : "; never:" + missing) << "\n";
  }

 private:
  const config::gateway_config& settings_;
  const config::load_environment& environment_;
  const control_reader& controls_;
  std::set<std::string> routes_;
};

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

bool write_junit(const std::string& path, const std::vector<outcome>& all, std::size_t failed) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"stellwerk test\" tests=\"" +
                    std::to_string(all.size()) + "\" failures=\"" + std::to_string(failed) + "\">\n";
  for (const outcome& one : all) {
    out += "  <testcase name=\"" + xml_escaped(one.name) + "\"";
    if (one.failure.empty()) {
      out += "/>\n";
    } else {
      out += "><failure message=\"" + xml_escaped(one.failure) + "\"/></testcase>\n";
    }
  }
  out += "</testsuite>\n";
  return write_file(path, out);
}

}  // namespace

int test(const test_arguments& arguments, const config::load_environment& environment, const control_reader& controls) {
  const auto settings = load_or_report(arguments.config, environment);
  if (!settings) return 1;
  runner cases{*settings, environment, controls};
  std::vector<outcome> all;
  for (const std::string& file : arguments.cases) {
    const auto text = environment.read_file(file);
    auto parsed = config::parse_yaml(text.value_or(""));
    if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&parsed)) {
      std::cerr << (text ? to_string(faults->front(), file) : file + ": cannot be read") << "\n";
      return 1;
    }
    const auto slash = file.rfind('/');
    for (const yaml_node& node : std::get<yaml_node>(parsed).items) {
      outcome one{text_of(node.find("name")), cases.run(node, slash == std::string::npos ? "." : file.substr(0, slash))};
      std::cout << (one.failure.empty() ? "ok    " : "FAIL  ") << one.name << (one.failure.empty() ? "" : ": " + one.failure) << "\n";
      all.push_back(std::move(one));
    }
  }
  std::size_t failed = 0;
  for (const outcome& one : all) failed += one.failure.empty() ? 0 : 1;
  cases.print_coverage();
  std::cout << all.size() - failed << " passed, " << failed << " failed\n";
  if (!arguments.junit.empty() && !write_junit(arguments.junit, all, failed)) {
    std::cerr << "stellwerk: cannot write " << arguments.junit << "\n";
    return 1;
  }
  return failed == 0 && !all.empty() ? 0 : 1;
}

}  // namespace stellwerk::cli
