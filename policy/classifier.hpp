// classifier: which traffic stream, who said so and why, in the order of contracts section 2: the client's pin, an
// explicit choice, the rules, the built-in signals, the client's default, `otherwise`.
//
// A pin is never overruled; what contradicts it is looked for all the same and told.
#pragma once

#include <optional>
#include <string>

#include "policy/compiled_policy.hpp"

namespace stellwerk::policy {

class classifier {
 public:
  explicit classifier(const policy::impl& rules) : rules_{rules} {}
  [[nodiscard]] classification classify(const classify_request& request) const;

 private:
  struct opinion {
    mail::traffic_stream stream = mail::traffic_stream::transactional;
    mail::stream_source source = mail::stream_source::rule;
    std::string reason;
  };
  // What the message itself says: explicit choice, rules, signals.
  [[nodiscard]] std::optional<opinion> judge(const classify_request& request, classification& out) const;
  [[nodiscard]] std::optional<opinion> by_rules(const message_facts& message) const;
  [[nodiscard]] std::optional<opinion> by_signals(const classify_request& request, classification& out) const;

  const policy::impl& rules_;
};

}  // namespace stellwerk::policy
