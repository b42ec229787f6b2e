#include "adapters/esp/gathering.hpp"

namespace stellwerk::adapters::esp {

bool gathering::arrive(part& one) {
  if (boarding_ || requests_ >= requests_max_) {
    waiting_.push_back(&one);
    return false;
  }
  boarding_ = limits_.entries > 1;
  ++requests_;
  return true;
}

std::vector<part*> gathering::set_out(part& leader) {
  boarding_ = false;
  std::vector<part*> taken{&leader};
  std::size_t recipients = leader.what.recipients.size();
  std::size_t octets = leader.entry.text.size();
  while (!leader.alone && !waiting_.empty() && !waiting_.front()->alone && taken.size() < limits_.entries) {
    part* const next = waiting_.front();
    recipients += next->what.recipients.size();
    octets += next->entry.text.size();
    if (recipients > limits_.recipients || octets > limits_.octets) break;
    taken.push_back(next);
    waiting_.pop_front();
  }
  return taken;
}

void gathering::send_apart(part& one) {
  one.alone = true;
  waiting_.push_front(&one);
}

part* gathering::next_leader() {
  if (waiting_.empty() || boarding_ || requests_ >= requests_max_) return nullptr;
  part* const next = waiting_.front();
  waiting_.pop_front();
  ++requests_;
  return next;
}

}  // namespace stellwerk::adapters::esp
