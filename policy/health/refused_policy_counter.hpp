// refused_policy_counter: tells a destination that refuses *us* from one that refuses a message. Ten refused_policy in
// a row, to at least three recipient domains, with no success between, mean refused_account. Thread rule: one owner.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "mail/attempt_outcome.hpp"

namespace stellwerk::policy {

class refused_policy_counter {
 public:
  static constexpr std::uint32_t in_a_row = 10;
  static constexpr std::size_t domains_min = 3;

  // True exactly when this outcome completes the row; the count starts over then.
  [[nodiscard]] bool record(mail::attempt_outcome outcome, std::string_view recipient_domain);

 private:
  std::uint32_t row_ = 0;
  std::set<std::string, std::less<>> domains_;  // at most domains_min: more tell nothing
};

}  // namespace stellwerk::policy
