// A small configuration for the tests of this room: two ways, one invariant, one classify rule.
#pragma once

#include <gtest/gtest.h>

#include "gateway/config/config.hpp"
#include "gateway/config/yaml_tree.hpp"

namespace stellwerk::rehearsal {

inline config::yaml_node tree_of(const std::string& text) {
  auto parsed = config::parse_yaml(text);
  EXPECT_TRUE(std::holds_alternative<config::yaml_node>(parsed)) << text;
  return std::holds_alternative<config::yaml_node>(parsed) ? std::get<config::yaml_node>(parsed) : config::yaml_node{};
}

inline std::vector<policy::destination_traits> two_destinations() {
  std::vector<policy::destination_traits> out(2);
  out[0].name = "onprem";
  out[0].adapter = "smtp";
  out[0].zone = "on_prem";
  out[0].cost_per_thousand = policy::money{0.02, "EUR"};
  out[1].name = "mailjet";
  out[1].adapter = "mailjet";
  out[1].zone = "eu";
  out[1].cost_per_thousand = policy::money{0.85, "EUR"};
  return out;
}

inline std::shared_ptr<const policy::policy> policy_of(const std::string& text) {
  auto made = config::load_policy_text(text, two_destinations(), {});
  if (const auto* faults = std::get_if<std::vector<config::config_fault>>(&made)) {
    ADD_FAILURE() << to_string(faults->front(), "policy");
    return nullptr;
  }
  return std::get<config::loaded_policy>(made).policy;
}

inline constexpr const char* sample_text = R"(
classify:
  rules: [{name: bulk, when: 'recipients > 20', stream: marketing}]
invariants: [{name: home, when: '"personal" in tags', only: 'zone == "on_prem"'}]
routes:
  - {name: news, when: 'stream == "marketing"', via: [mailjet, onprem]}
  - {name: late, when: 'attempt > 2 && age > duration("1h")', via: [onprem]}
  - {name: rest, via: [onprem, mailjet], on_unknown: hold}
)";

inline config::gateway_config sample_settings() {
  config::gateway_config out;
  ingress::client_config client;
  client.name = "shop";
  client.tenant = "acme";
  out.ingress.clients.push_back(client);
  out.policy = policy_of(sample_text);
  return out;
}

}  // namespace stellwerk::rehearsal
