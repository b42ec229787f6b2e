// assumption: the live state, the moment and the past to assume when a policy is asked (`--assume` of contracts section
// 5). All faults of a document are in the first text that says what is wrong.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/config/yaml_tree.hpp"
#include "policy/explain.hpp"

namespace stellwerk::rehearsal {

struct assumption {
  std::optional<time_point> now;
  std::map<std::string, policy::assumed_live_state::assumption> destinations;
  std::vector<policy::past_attempt> attempts;
  std::vector<std::string> suppressed;  // addresses
};

// now, destinations {NAME: {state, full, backlog, spent}}, attempts [{destination, outcome}], suppressed [ADDRESS].
[[nodiscard]] std::variant<assumption, std::string> read_assumption(const config::yaml_node& node);

// The live state, or which destination or state is unknown.
[[nodiscard]] std::variant<policy::assumed_live_state, std::string> live_state_of(const assumption& assumed,
                                                                                  const policy::policy& rules);

}  // namespace stellwerk::rehearsal
