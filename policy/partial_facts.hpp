// partial_facts: a message of which little is known: its stream, its door, its client; and a candidate where one is
// asked about. Whatever else a condition names is unknown.
//
// The language absorbs errors where the other side decides (`unknown && false` is false), so a condition's answer with
// unknowns as errors is what holds for every message of this kind; an error means that it depends.
#pragma once

#include <string>

#include "policy/expression/activation.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

// What a message may be, as far as conditions can be judged beforehand. Empty: unknown.
struct message_kind {
  std::string stream;
  std::string ingress;
  std::string client;
  std::string tenant;
};

class partial_facts final : public expression::activation {
 public:
  explicit partial_facts(const message_kind& about, const destination_traits* candidate = nullptr)
      : about_{about}, candidate_{candidate} {}

  [[nodiscard]] expression::value variable(std::uint16_t slot, expression::evaluation_memory& memory) const override;
  [[nodiscard]] expression::value call(std::uint16_t function, std::span<const expression::value> arguments,
                                       expression::evaluation_memory& memory) const override;
  // An error came from something unknown, rather than from the condition itself.
  [[nodiscard]] bool asked_unknown() const { return asked_unknown_; }

 private:
  [[nodiscard]] expression::value unknown(expression::evaluation_memory& memory) const;
  [[nodiscard]] expression::value known_or_not(const std::string& text, expression::evaluation_memory& memory) const;

  const message_kind& about_;
  const destination_traits* candidate_;
  mutable bool asked_unknown_ = false;
};

}  // namespace stellwerk::policy
