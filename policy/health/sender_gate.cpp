#include "policy/health/sender_gate.hpp"

#include <algorithm>

namespace stellwerk::policy {

bool sender_gate::refused(std::string_view domain, steady_point now) const {
  const auto found = entries_.find(domain);
  return found != entries_.end() && (found->second.probing || now < found->second.until);
}

bool sender_gate::begin(std::string_view domain, steady_point now) {
  const auto found = entries_.find(domain);
  if (found == entries_.end()) return true;
  if (found->second.probing || now < found->second.until) return false;
  found->second.probing = true;
  return true;
}

void sender_gate::cancel(std::string_view domain) {
  const auto found = entries_.find(domain);
  if (found != entries_.end()) found->second.probing = false;
}

bool sender_gate::on_refused(std::string_view domain, steady_point now) {
  const auto found = entries_.find(domain);
  if (found != entries_.end()) {
    found->second = {now + out_for, false};
    return false;
  }
  if (entries_.size() >= domains_max) make_room();
  entries_.emplace(std::string{domain}, entry{now + out_for, false});
  return true;
}

void sender_gate::on_accepted(std::string_view domain) {
  const auto found = entries_.find(domain);
  if (found != entries_.end()) entries_.erase(found);
}

void sender_gate::make_room() {
  const auto first = std::min_element(entries_.begin(), entries_.end(),
                                      [](const auto& a, const auto& b) { return a.second.until < b.second.until; });
  entries_.erase(first);
}

}  // namespace stellwerk::policy
