// router: makes one decision. Lives for one call; the policy it reads is immutable.
//
//   match a route -> let its tree propose -> keep a pinned recipient where it is -> invariants -> capabilities ->
//   what was already rejected -> live state -> choose the first that is left -> unless the recipient is suppressed
//
// Filters run on every candidate, available or not, so that an explanation shows everything that speaks against one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/compiled_policy.hpp"

namespace stellwerk::policy {

class router {
 public:
  router(const policy::impl& rules, const facts& about, const history& past, const live_state& live, time_point now)
      : rules_{rules}, about_{about}, past_{past}, live_{live}, now_{now} {}

  [[nodiscard]] decision decide();
  // What the route at `index` says to a message that is not accepted yet, whether or not it matches; for preflight.
  [[nodiscard]] decision decide_at_the_door(std::size_t index);

 private:
  void decide_without_list();
  void decide_by_route(std::size_t index);
  void suppress();
  [[nodiscard]] std::optional<std::size_t> matching_route() const;
  [[nodiscard]] const route_config& route() const;
  [[nodiscard]] bool deadline_passed() const;
  [[nodiscard]] bool may_spill() const;

  void offer_pinned();
  void offer_rerouted();
  void keep_pinned(std::string_view destination, std::string_view why);
  void keep_after_last_attempt();
  void filter_by_capabilities();
  void filter_already_rejected();
  void look_at_tried_now();
  void look_at_live_state();
  void look_at(std::size_t index);
  [[nodiscard]] const refused_reservation* refused_now(const candidate& one) const;
  void look_at_refused_now(std::size_t index, const refused_reservation& refused);
  void choose();
  void decide_for_a_copy();
  void filter_copies(std::vector<candidate>& copies) const;
  [[nodiscard]] bool choose_in_panic();
  void conclude_without_choice(proposal::ending ending, std::string_view text);
  void conclude_empty(proposal::ending ending, std::string_view text);

  [[nodiscard]] const std::string& name_of(const candidate& one) const {
    return rules_.destinations[one.destination].name;
  }

  const policy::impl& rules_;
  const facts& about_;
  const history& past_;
  const live_state& live_;
  time_point now_;
  bool accepted_ = !about_.message->id.is_nil();
  decision made_;
  std::vector<bool> stops_;  // parallel to the candidates: mail waits for this one instead of going past it
};

}  // namespace stellwerk::policy
