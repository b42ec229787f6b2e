// condition: one compiled CEL expression of the policy that answers yes or no, and counts the times it could not.
//
// Which variables it may name depends on where it stands (contracts section 2). Immutable but for its counter, which is
// atomic: shared between threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "policy/fact_activation.hpp"
#include "policy/fact_schema.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

class condition {
 public:
  enum class answer : std::uint8_t { no, yes, error };

  // An empty source is always yes. The faults have `path` and the column inside the expression.
  [[nodiscard]] static std::variant<std::unique_ptr<const condition>, std::vector<policy_fault>> compile(
      std::string_view source, std::string path, condition_use use,
      const std::vector<destination_traits>& destinations);
  ~condition();

  [[nodiscard]] answer ask(const fact_activation& about) const;
  // As above, of anything that shows the variables; errors are not counted. For the linter.
  [[nodiscard]] answer ask_about(const expression::activation& facts) const;
  [[nodiscard]] bool names(fact_slot slot) const;
  // Names now, attempt, age, available(), backlog() or spent(): the answer may change while the message waits.
  [[nodiscard]] bool depends_on_the_moment() const;
  [[nodiscard]] const std::string& path() const { return path_; }
  // How often ask() answered error since the last call.
  [[nodiscard]] std::uint64_t take_errors() const { return errors_.exchange(0, std::memory_order_relaxed); }

 private:
  struct compiled;
  condition(std::string path, std::unique_ptr<const compiled> body);

  std::string path_;
  std::unique_ptr<const compiled> body_;  // null: always yes
  mutable std::atomic<std::uint64_t> errors_{0};
};

}  // namespace stellwerk::policy
