#include "policy/policy.hpp"

#include <algorithm>

#include "policy/classifier.hpp"
#include "policy/compiled_policy.hpp"
#include "policy/lint.hpp"
#include "policy/policy_compiler.hpp"
#include "policy/preflight.hpp"
#include "policy/router.hpp"

namespace stellwerk::policy {
namespace {

template <class Visit>
void for_each_condition(const policy::impl& rules, Visit visit) {
  for (const compiled_rule& rule : rules.rules) visit(*rule.when);
  for (const compiled_invariant& one : rules.invariants.all()) {
    visit(*one.when);
    if (one.only) visit(*one.only);
  }
  for (const compiled_route& route : rules.routes) {
    visit(*route.when);
    for (const condition* one : route.switches) visit(*one);
  }
}

}  // namespace

std::optional<std::uint16_t> policy::impl::index_of(std::string_view destination) const {
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    if (destinations[i].name == destination) return static_cast<std::uint16_t>(i);
  }
  return std::nullopt;
}

policy::policy(std::unique_ptr<impl> body) : impl_{std::move(body)} {}
policy::~policy() = default;

const std::string& policy::version() const { return impl_->version; }
std::span<const destination_traits> policy::destinations() const { return impl_->destinations; }
std::span<const route_config> policy::routes() const { return impl_->config.routes; }
std::span<const limit_config> policy::limits() const { return impl_->limits; }
std::span<const std::string> policy::limit_names() const { return impl_->limit_names; }
const std::optional<spill_config>& policy::spill_of(std::size_t destination) const {
  return impl_->spills[destination];
}
const policy_config& policy::config() const { return impl_->config; }

classification policy::classify(const classify_request& request) const { return classifier{*impl_}.classify(request); }

preflight_verdict policy::preflight(const facts& about) const { return stellwerk::policy::preflight(*impl_, about); }

decision policy::decide(const facts& about, const history& past, const live_state& live, time_point now) const {
  return router{*impl_, about, past, live, now}.decide();
}

policy::lane_choice policy::lane_of(const facts& about) const {
  const history nothing;
  const ideal_live_state ideal;
  const decision made = router{*impl_, about, nothing, ideal, about.message->accepted_at + about.age}.decide();
  lane_choice out{{}, made.route};
  std::vector<std::uint16_t>& left = out.candidates;
  for (const candidate& one : made.candidates) {
    const bool stays = one.verdict != verdict::filtered && !impl_->destinations[one.destination].removed;
    if (stays && std::find(left.begin(), left.end(), one.destination) == left.end()) left.push_back(one.destination);
  }
  return out;
}

std::string policy::describe(std::size_t route) const {
  std::string out;
  if (route < impl_->routes.size()) impl_->routes[route].tree->describe(out);
  return out;
}

std::vector<std::string> policy::condition_paths() const {
  std::vector<std::string> out;
  for_each_condition(*impl_, [&out](const condition& one) { out.push_back(one.path()); });
  return out;
}

std::vector<policy_finding> policy::lint(std::span<const known_client> clients) const {
  return linter{*impl_, clients}.findings();
}

std::vector<std::string> policy::conditions_naming(std::span<const fact_slot> slots) const {
  std::vector<std::string> out;
  for_each_condition(*impl_, [&](const condition& one) {
    if (std::any_of(slots.begin(), slots.end(), [&](fact_slot slot) { return one.names(slot); }))
      out.push_back(one.path());
  });
  return out;
}

std::string_view policy::forbidden_by(const facts& about, std::uint16_t destination) const {
  std::vector<candidate> one(1);
  one.front().destination = destination;
  impl_->invariants.apply(about, impl_->destinations, one);
  return one.front().verdict == verdict::filtered ? one.front().invariant : std::string_view{};
}

std::vector<std::string> policy::binding_invariants(const facts& about) const {
  return impl_->invariants.binding(about);
}

std::vector<std::string> policy::binding_invariants() const { return impl_->invariants.binding(); }

std::vector<std::pair<std::string, std::uint64_t>> policy::take_errors() const {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  for_each_condition(*impl_, [&out](const condition& one) {
    if (const std::uint64_t errors = one.take_errors(); errors > 0) out.emplace_back(one.path(), errors);
  });
  return out;
}

std::variant<std::shared_ptr<const policy>, std::vector<policy_fault>> compile(
    const policy_config& config, const std::vector<destination_traits>& destinations) {
  policy_compiler compiler{config, destinations};
  auto made = compiler.compile();
  if (!made) return compiler.take_faults();
  return std::make_shared<const policy>(std::move(made));
}

}  // namespace stellwerk::policy
