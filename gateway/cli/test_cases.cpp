// `stellwerk test`: policy unit tests: YAML files with cases (gateway/rehearsal/policy_case.hpp), how many of the rules
// they reach, and the results for people, for programs (--json) and for a CI server (--junit).
#include <cmath>
#include <iostream>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "gateway/cli/command.hpp"
#include "gateway/cli/load_or_report.hpp"
#include "gateway/rehearsal/policy_case.hpp"

namespace stellwerk::cli {
namespace {

namespace json = boost::json;
using config::yaml_node;
using rehearsal::rule_coverage;

struct case_result {
  std::string file;
  std::size_t line = 0;
  std::string name;
  std::string failure;  // empty: passed
  double seconds = 0;
};

// As the value of an attribute. Characters that XML 1.0 cannot carry become question marks.
std::string xml_escaped(std::string_view text) {
  std::string out;
  const bool as_is = is_valid_utf8(text);
  for (const char c : text) {
    if (!as_is && static_cast<unsigned char>(c) >= 0x80) {
      out += '?';
      continue;
    }
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\n': out += "&#10;"; break;
      case '\r': out += "&#13;"; break;
      case '\t': out += "&#9;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

std::string junit_of(const std::vector<case_result>& all, std::size_t failed, double coverage) {
  double seconds = 0;
  for (const case_result& one : all) seconds += one.seconds;
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{0}\" failures=\"{1}\" errors=\"0\" "
      "time=\"{3:.6f}\">\n"
      "  <testsuite name=\"stellwerk test\" tests=\"{0}\" failures=\"{1}\" errors=\"0\" skipped=\"0\" "
      "time=\"{3:.6f}\">\n"
      "    <properties><property name=\"rule_coverage\" value=\"{2:.4f}\"/></properties>\n",
      all.size(), failed, coverage, seconds);
  for (const case_result& one : all) {
    out += fmt::format("    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\" time=\"{:.6f}\"",
                       xml_escaped(one.file), xml_escaped(one.name), xml_escaped(one.file), one.line, one.seconds);
    if (one.failure.empty()) {
      out += "/>\n";
    } else {
      out += fmt::format("><failure message=\"{0}\" type=\"difference\">{0}</failure></testcase>\n",
                         xml_escaped(one.failure));
    }
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

void print(const case_result& one, output format) {
  if (format == output::json) {
    std::cout << json::serialize(json::object{{"file", one.file},
                                              {"line", one.line},
                                              {"name", one.name},
                                              {"passed", one.failure.empty()},
                                              {"failure", one.failure}})
              << "\n";
    return;
  }
  std::cout << (one.failure.empty() ? "ok    " : "FAIL  ") << one.name
            << (one.failure.empty() ? "" : ": " + one.failure) << "\n";
}

void print_coverage(const rule_coverage& coverage, output format) {
  if (format == output::json) {
    json::object shown{{"coverage", coverage.share()}};
    json::object missing;
    for (const rule_coverage::part& one : coverage.parts())
      missing[one.what] = json::array(one.missing.begin(), one.missing.end());
    shown["missing"] = std::move(missing);
    std::cout << json::serialize(shown) << "\n";
    return;
  }
  for (const rule_coverage::part& one : coverage.parts()) {
    if (one.all == 0) continue;
    std::cout << one.what << " reached by a case: " << one.all - one.missing.size() << " of " << one.all;
    for (std::size_t i = 0; i < one.missing.size(); ++i) std::cout << (i == 0 ? "; never: " : ", ") << one.missing[i];
    std::cout << "\n";
  }
  std::cout << fmt::format("rule coverage: {:.0f}%\n", std::floor(coverage.share() * 100));
}

// False: a file cannot be read; said on standard error.
bool run_file(const std::string& file, rehearsal::case_environment& environment, rule_coverage& coverage, output format,
              std::vector<case_result>& all) {
  const auto text = environment.read_file(file);
  auto parsed = config::parse_yaml(text.value_or(""));
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&parsed)) {
    std::cerr << (text ? to_string(faults->front(), file) : file + ": cannot be read") << "\n";
    return false;
  }
  const yaml_node& tree = std::get<yaml_node>(parsed);
  if (tree.what != yaml_node::kind::list) {
    std::cerr << to_string(config::config_fault{tree.at, "", "a list of cases is expected"}, file) << "\n";
    return false;
  }
  const auto slash = file.rfind('/');
  const system_clock time;
  environment.directory = slash == std::string::npos ? "." : file.substr(0, slash);
  for (std::size_t i = 0; i < tree.items.size(); ++i) {
    const yaml_node& node = tree.items[i];
    const yaml_node* name = node.find("name");
    const steady_point began = time.steady();
    case_result one{file, node.at.line, name != nullptr ? name->text : "case " + std::to_string(i + 1),
                    rehearsal::run_case(node, environment, coverage), 0};
    one.seconds = std::chrono::duration<double>(time.steady() - began).count();
    print(one, format);
    all.push_back(std::move(one));
  }
  return true;
}

}  // namespace

int test(const test_arguments& arguments, const config::load_environment& environment, const control_reader& controls) {
  const auto settings = load_or_report(arguments.config, environment);
  if (!settings) return 1;
  rule_coverage coverage{*settings->policy};
  rehearsal::case_environment cases{*settings, environment.read_file, controls, ""};
  std::vector<case_result> all;
  for (const std::string& file : arguments.cases) {
    if (!run_file(file, cases, coverage, arguments.format, all)) return 1;
  }
  std::size_t failed = 0;
  for (const case_result& one : all) failed += one.failure.empty() ? 0 : 1;
  print_coverage(coverage, arguments.format);
  if (arguments.format == output::text) std::cout << all.size() - failed << " passed, " << failed << " failed\n";
  if (!arguments.junit.empty() && !write_file(arguments.junit, junit_of(all, failed, coverage.share()))) {
    std::cerr << "stellwerk: cannot write " << arguments.junit << "\n";
    return 1;
  }
  if (coverage.share() * 100 < arguments.coverage_min) {
    std::cerr << fmt::format("stellwerk: rule coverage {:.1f}% is below {}%\n", coverage.share() * 100,
                             arguments.coverage_min);
    return 1;
  }
  return failed == 0 && !all.empty() ? 0 : 1;
}

}  // namespace stellwerk::cli
