// linter: what a policy says that can never happen. Judges conditions over every kind of message there can be (stream,
// door, client), with everything else unknown: what it calls never is never, what it cannot tell it leaves alone.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "policy/compiled_policy.hpp"
#include "policy/partial_facts.hpp"

namespace stellwerk::policy {

class linter {
 public:
  linter(const policy::impl& rules, std::span<const known_client> clients);
  [[nodiscard]] std::vector<policy_finding> findings();

 private:
  enum class truth : std::uint8_t { no, yes, depends };
  using severity = policy_finding::severity;

  // One rule of an ordered list, with its answer for each kind of message.
  struct ordered_rule {
    std::string name;
    std::string path;
    std::string when;
    std::vector<truth> answers;
  };

  [[nodiscard]] std::vector<truth> judge(const condition& when, condition::answer on_error) const;
  [[nodiscard]] static truth judge(const condition& asked, const partial_facts& facts, condition::answer on_error);

  void look_at_order(const std::vector<ordered_rule>& rules);
  [[nodiscard]] std::string why_never(const std::vector<ordered_rule>& rules, std::size_t index) const;
  void look_for_mail_without_route(const std::vector<ordered_rule>& routes);
  void look_at_invariants(const std::vector<ordered_rule>& routes);
  void look_at_invariant(std::size_t index, const std::vector<ordered_rule>& routes);
  void look_at_route(std::size_t route, const std::vector<truth>& applies, std::size_t invariant);
  // No destination of `names` can meet the invariant, whatever the message of this kind.
  [[nodiscard]] bool meets_none(std::size_t invariant, const message_kind& kind,
                                const std::vector<std::string>& names) const;
  void add(severity weight, std::string path, std::string reason) {
    found_.push_back({weight, std::move(path), std::move(reason)});
  }

  const policy::impl& rules_;
  std::vector<message_kind> kinds_;
  std::vector<policy_finding> found_;
};

}  // namespace stellwerk::policy
