#include "policy/invariant/invariant_filter.hpp"

namespace stellwerk::policy {

void invariant_filter::apply(const facts& about, std::span<const destination_traits> destinations,
                             std::vector<candidate>& candidates) const {
  for (const compiled_invariant& one : invariants_) {
    const fact_activation message{about};
    const condition::answer matched = one.when->ask(message);
    if (matched == condition::answer::no) continue;
    for (candidate& each : candidates) {
      if (each.verdict == verdict::filtered && each.reason == candidate_reason::invariant) continue;
      const condition::answer allowed = one.only->ask(fact_activation{about, destinations[each.destination]});
      if (allowed == condition::answer::yes) continue;
      each.verdict = verdict::filtered;
      each.reason = candidate_reason::invariant;
      each.invariant = one.name;
      if (allowed == condition::answer::error) {
        each.detail = "only: evaluation error";
      } else if (matched == condition::answer::error) {
        each.detail = "when: evaluation error";
      } else {
        each.detail.clear();
      }
    }
  }
}

}  // namespace stellwerk::policy
