// house_rules: the configuration of one run, drawn from its seed: small limits, short times, and a policy with a home,
// a spare MTA and a vendor. A reload draws a policy that differs in order and choices, never in what residency says.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/destination_config.hpp"
#include "gateway/delivery/delivery_config.hpp"
#include "gateway/ingress/ingress_config.hpp"
#include "gateway/spool/spool_config.hpp"
#include "policy/policy.hpp"
#include "tests/simulation/chance.hpp"

namespace stellwerk::simulation {

inline constexpr const char* home_mta = "home";
inline constexpr const char* spare_mta = "spare";
inline constexpr const char* vendor = "mailjet";
inline constexpr const char* door_name = "legacy";
inline constexpr const char* client_name = "shop";
inline constexpr const char* sender_domain = "shop.example";

// The end of everything: no recipient lives longer than this.
inline constexpr std::chrono::minutes lifetime_max{30};

struct house_rules {
  std::vector<adapters::destination_settings> destinations;
  policy::policy_config rules;
  std::shared_ptr<const policy::policy> compiled;
  ingress::ingress_settings doors;
  delivery::delivery_config delivery;
  spool::spool_config spool;
  bool copies_allowed = false;  // some route says duplicate_is_better
};

[[nodiscard]] house_rules draw_rules(chance& dice);
// Another order of candidates and other choices; destinations and doors stay.
void draw_routes(house_rules& house, chance& dice);

}  // namespace stellwerk::simulation
