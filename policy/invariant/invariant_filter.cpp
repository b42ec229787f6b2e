#include "policy/invariant/invariant_filter.hpp"

#include <algorithm>

#include "mail/address_pattern.hpp"

namespace stellwerk::policy {
namespace {

void filter(candidate& each, std::string_view invariant, std::string detail) {
  each.verdict = verdict::filtered;
  each.reason = candidate_reason::invariant;
  each.invariant = invariant;
  each.detail = std::move(detail);
}

bool is_filtered(const candidate& each) {
  return each.verdict == verdict::filtered && each.reason == candidate_reason::invariant;
}

// A destination that may send for some domains only: another From field would fail its alignment, or be refused there.
void filter_by_sender(const facts& about, std::span<const destination_traits> destinations,
                      std::vector<candidate>& candidates) {
  for (candidate& each : candidates) {
    const std::vector<std::string>& senders = destinations[each.destination].senders;
    if (is_filtered(each) || mail::address_allowed(senders, about.message->header_from)) continue;
    filter(each, sender_alignment_name, "header_from " + about.message->header_from_domain);
  }
}

condition::answer applies(const compiled_invariant& one, const facts& about) {
  const std::vector<std::string>* inherited = about.message->bound_by;
  if (inherited != nullptr && std::find(inherited->begin(), inherited->end(), one.name) != inherited->end())
    return condition::answer::yes;
  return one.when->ask(fact_activation{about});
}

}  // namespace

std::vector<std::string> invariant_filter::binding(const facts& about) const {
  std::vector<std::string> names;
  for (const compiled_invariant& one : invariants_) {
    if (one.only && applies(one, about) != condition::answer::no) names.push_back(one.name);
  }
  return names;
}

std::vector<std::string> invariant_filter::choosing() const {
  std::vector<std::string> names;
  for (const compiled_invariant& one : invariants_) {
    if (one.only) names.push_back(one.name);
  }
  return names;
}

void invariant_filter::apply(const facts& about, std::span<const destination_traits> destinations,
                             std::vector<candidate>& candidates) const {
  filter_by_sender(about, destinations, candidates);
  for (const compiled_invariant& one : invariants_) {
    if (!one.only && about.message->is_notice) continue;  // what list mail must carry is not asked of a report on it
    const condition::answer matched = applies(one, about);
    if (matched == condition::answer::no) continue;
    const bool fits = about.message->features != nullptr && about.message->features->has_list_unsubscribe_one_click;
    for (candidate& each : candidates) {
      if (is_filtered(each)) continue;
      if (!one.only) {
        if (!fits) filter(each, one.name, std::string{one_click_requirement});
        continue;
      }
      const condition::answer allowed = one.only->ask(fact_activation{about, destinations[each.destination]});
      if (allowed == condition::answer::yes) continue;
      const char* detail = allowed == condition::answer::error   ? "only: evaluation error"
                           : matched == condition::answer::error ? "when: evaluation error"
                                                                 : "";
      filter(each, one.name, detail);
    }
  }
}

}  // namespace stellwerk::policy
