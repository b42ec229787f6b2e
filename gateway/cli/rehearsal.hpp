// rehearsal: what the gateway would do with a message, asked without a gateway: the same classification, preflight and
// decision, on assumed live state. `explain` prints it, `test` compares it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/cli/command.hpp"
#include "gateway/config/yaml_tree.hpp"
#include "policy/explain.hpp"

namespace stellwerk::cli {

struct assumption {
  std::optional<time_point> now;
  std::map<std::string, policy::assumed_live_state::assumption> destinations;
  std::vector<policy::past_attempt> attempts;
};
// The `--assume` document; a text that says what is wrong with it otherwise.
[[nodiscard]] std::variant<assumption, std::string> read_assumption(const config::yaml_node& node);

struct rehearsed_message {
  std::string content;
  std::string client;           // empty: the first configured
  std::string from;             // empty: of the header
  std::vector<std::string> to;  // empty: of the header
};

struct rehearsal {
  policy::explained_message message;
  policy::classification stream;
  std::vector<policy::explained_recipient> recipients;
  std::string client_fault;     // the doors would refuse it: why
};

[[nodiscard]] std::variant<rehearsal, std::string> rehearse(const config::gateway_config& settings, const rehearsed_message& what,
                                                            const assumption& assumed, const control_reader& controls);

}  // namespace stellwerk::cli
