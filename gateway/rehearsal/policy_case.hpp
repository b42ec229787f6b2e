// policy_case: one test of a policy: a message or facts, what to assume, what is expected. Running it tells every
// difference; what was decided by which rule is counted by `rule_coverage`.
//
//   - name: newsletters take the ESP
//     message: newsletter.eml              # or `content: |` with the text, or `facts: {stream: marketing, tags: [a]}`
//     client: shop                         # from, to: as of `explain`
//     assume: {destinations: {mailjet: {state: open}}}
//     expect: {stream: marketing, rule: bulk-headers, route: newsletters, chosen: onprem,
//              candidates: [{destination: mailjet, verdict: unavailable, reason: ejected}, onprem]}
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/config/config.hpp"
#include "gateway/rehearsal/rehearsal.hpp"

namespace stellwerk::rehearsal {

// Which classify rules decided, which routes were taken, which invariants filtered somebody.
class rule_coverage {
 public:
  explicit rule_coverage(const policy::policy& rules) : rules_{rules} {}
  void count(const rehearsal& made);

  struct part {
    std::string what;  // "classify rules", "invariants", "routes"
    std::size_t all = 0;
    std::vector<std::string> missing;  // names no case reached
  };
  [[nodiscard]] std::vector<part> parts() const;
  [[nodiscard]] double share() const;  // 0 to 1, of all of them

 private:
  const policy::policy& rules_;
  std::set<std::string> rules_hit_;
  std::set<std::string> invariants_;
  std::set<std::string> routes_;
};

struct case_environment {
  const config::gateway_config& settings;
  std::function<std::optional<std::string>(const std::string& path)> read_file;
  const control_reader& controls;
  std::string directory;  // of the case file
};

// "" when everything is as expected; else every difference, or why the case cannot be run.
[[nodiscard]] std::string run_case(const config::yaml_node& node, const case_environment& environment,
                                   rule_coverage& coverage);

}  // namespace stellwerk::rehearsal
