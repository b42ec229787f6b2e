// replay: recorded traffic against a candidate policy, with nothing sent: what would take another way, what it would
// cost, and which invariants stand against it. Every fact is asked with everything available, so that the difference is
// the policy's and not that day's weather.
//
// Against: the policy in force (or another one), or, without one, what became of the recorded mail. One replay per
// thread, then merge; a replay is not shared.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/rehearsal/recorded_fact.hpp"
#include "policy/policy.hpp"

namespace stellwerk::rehearsal {

// What one policy says to one fact; or what became of it.
struct replayed_way {
  std::string route;
  std::string destination;  // "" when nothing leaves
  std::string action;       // deliver, hold, refuse ...; "" of the record
};

struct replay_report {
  std::uint64_t facts = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t changed_route = 0;
  std::uint64_t changed_destination = 0;
  std::map<std::pair<std::string, std::string>, std::uint64_t> routes;        // (before, after), changes only
  std::map<std::pair<std::string, std::string>, std::uint64_t> destinations;  // (before, after), changes only
  std::map<std::string, std::uint64_t> actions;                               // of the candidate policy
  std::map<std::string, double> cost_before;                                  // by currency
  std::map<std::string, double> cost_after;
  // The candidate's invariants that the way taken before would break, and the other way round: what the candidate
  // would do though an invariant of the policy it is compared with forbids it.
  std::map<std::string, std::uint64_t> broken_before;
  std::map<std::string, std::uint64_t> broken_after;
  std::vector<std::string> samples;  // NDJSON of the first changed facts

  void merge(const replay_report& other);
};

class replay {
 public:
  // `against` may be null.
  replay(std::shared_ptr<const policy::policy> candidate, std::shared_ptr<const policy::policy> against);

  void add(const recorded_fact& fact);
  void add_line(std::string_view line);  // an empty one is skipped
  [[nodiscard]] const replay_report& report() const { return report_; }

 private:
  [[nodiscard]] replayed_way ask(const policy::policy& rules, const policy::facts& about, time_point now,
                                 std::map<std::string, double>& cost) const;
  void judge(const policy::facts& about, const replayed_way& before, const replayed_way& after);

  std::shared_ptr<const policy::policy> candidate_;
  std::shared_ptr<const policy::policy> against_;
  replay_report report_;
};

// The whole report as one JSON object.
[[nodiscard]] std::string to_json(const replay_report& report, const policy::policy& candidate,
                                  const policy::policy* against);

}  // namespace stellwerk::rehearsal
