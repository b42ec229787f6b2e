#include "policy/preflight.hpp"

#include <algorithm>
#include <optional>

#include "policy/router.hpp"

namespace stellwerk::policy {
namespace {

std::string filter_name(const candidate& one) {
  if (one.reason == candidate_reason::invariant) return "invariant " + std::string{one.invariant};
  return one.detail.empty() ? std::string{to_string(one.reason)} : one.detail;
}

// Nothing is left of the candidates: which filter is named, and was it size alone?
preflight_verdict nothing_left(const policy::impl& rules, const decision& made) {
  preflight_verdict verdict;
  verdict.accepted = false;
  verdict.size_refused = true;
  verdict.reason = "no destination may carry this message";
  const candidate* first = nullptr;
  for (const candidate& one : made.candidates) {
    if (one.reason == candidate_reason::weight) continue;
    const bool size = one.reason == candidate_reason::capability && one.detail.starts_with("size ") &&
                      one.detail.find(';') == std::string::npos;
    verdict.size_refused = verdict.size_refused && size;
    verdict.reason +=
        (first == nullptr ? ": " : "; ") + rules.destinations[one.destination].name + ": " + filter_name(one);
    if (first == nullptr ||
        (first->reason != candidate_reason::invariant && one.reason == candidate_reason::invariant)) {
      first = &one;
    }
  }
  if (first == nullptr) {
    verdict.size_refused = false;
    verdict.rule = rules.config.routes[made.route].name;
  } else {
    verdict.rule = first->reason == candidate_reason::invariant ? std::string{first->invariant}
                                                                : std::string{to_string(first->reason)};
  }
  return verdict;
}

preflight_verdict judge(const policy::impl& rules, const decision& made) {
  const bool left = std::any_of(made.candidates.begin(), made.candidates.end(),
                                [](const candidate& one) { return one.verdict != verdict::filtered; });
  if (left) return {};
  if (made.action == action::discard) return {};
  if (made.action == action::refuse) {
    return {false, rules.config.routes[made.route].name, made.action_reason, false};
  }
  // A hold node keeps it for somebody to look at.
  if (made.ended_by_node) return {};
  return nothing_left(rules, made);
}

}  // namespace

preflight_verdict preflight(const policy::impl& rules, const facts& about) {
  const history nothing;
  const ideal_live_state ideal;
  const time_point now = about.message->accepted_at;
  std::optional<preflight_verdict> against;
  for (std::size_t i = 0; i < rules.routes.size(); ++i) {
    const condition& when = *rules.routes[i].when;
    const bool perhaps = when.depends_on_the_moment();
    if (!perhaps && when.ask(fact_activation{about}) != condition::answer::yes) continue;
    preflight_verdict verdict = judge(rules, router{rules, about, nothing, ideal, now}.decide_at_the_door(i));
    if (verdict.accepted || !perhaps) return rules.routes[i].depends_on_the_moment ? preflight_verdict{} : verdict;
    if (!against) against = std::move(verdict);
  }
  // No route at all: accepted and held for an operator, unless a route that may match could never send it.
  return against.value_or(preflight_verdict{});
}

}  // namespace stellwerk::policy
