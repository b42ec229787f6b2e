// invariant_filter: the hard conditions (residency, consent ...) that no failover, split, pin or panic can pass.
//
// Fail-closed: where `when` cannot be evaluated the invariant applies, where `only` cannot be evaluated the candidate
// is filtered. Immutable, shared between threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/condition.hpp"
#include "policy/decision.hpp"
#include "policy/facts.hpp"

namespace stellwerk::policy {

// Of the invariant that `senders` of a destination make.
inline constexpr std::string_view sender_alignment_name = "sender_alignment";
// Of the suppression list, which the live state knows.
inline constexpr std::string_view suppression_name = "suppression";
// What `require` may ask of the message: the fields of RFC 8058.
inline constexpr std::string_view one_click_requirement = "one_click_unsubscribe";

struct compiled_invariant {
  std::string name;
  std::unique_ptr<const condition> when;
  std::unique_ptr<const condition> only;  // null: one-click unsubscribe is required of the message
};

class invariant_filter {
 public:
  invariant_filter() = default;
  explicit invariant_filter(std::vector<compiled_invariant> invariants) : invariants_{std::move(invariants)} {}

  // Filters the candidates that a matching invariant does not allow, and those that may not send for the From field;
  // the first one that says no is named.
  void apply(const facts& about, std::span<const destination_traits> destinations,
             std::vector<candidate>& candidates) const;

  // The names that a report on `about` has to inherit: of the invariants that choose among destinations by what such a
  // report does not share with its message, those that apply to it; fail-closed. The others say the same of both.
  [[nodiscard]] std::vector<std::string> binding(const facts& about) const;
  // All of these, for a message that nobody may look at.
  [[nodiscard]] std::vector<std::string> binding() const;

  [[nodiscard]] std::span<const compiled_invariant> all() const { return invariants_; }

 private:
  [[nodiscard]] bool is_inherited(const compiled_invariant& one, const facts& about) const;
  [[nodiscard]] bool knows(const std::string& name) const;

  std::vector<compiled_invariant> invariants_;
};

}  // namespace stellwerk::policy
