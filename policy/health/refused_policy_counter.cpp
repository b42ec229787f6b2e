#include "policy/health/refused_policy_counter.hpp"

namespace stellwerk::policy {

bool refused_policy_counter::record(mail::attempt_outcome outcome, std::string_view recipient_domain) {
  if (outcome == mail::attempt_outcome::delivered) {
    row_ = 0;
    domains_.clear();
    return false;
  }
  if (outcome != mail::attempt_outcome::refused_policy) return false;
  if (row_ < in_a_row) ++row_;
  if (domains_.size() < domains_min && !domains_.contains(recipient_domain)) domains_.emplace(recipient_domain);
  if (row_ < in_a_row || domains_.size() < domains_min) return false;
  row_ = 0;
  domains_.clear();
  return true;
}

}  // namespace stellwerk::policy
