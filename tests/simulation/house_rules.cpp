#include "tests/simulation/house_rules.hpp"

#include <stdexcept>
#include <utility>

#include "adapters/registry.hpp"
#include "tests/support/failover_route.hpp"

namespace stellwerk::simulation {
namespace {

using namespace std::chrono_literals;

adapters::destination_settings smtp_destination(const std::string& name, std::uint32_t connections) {
  adapters::destination_settings made;
  made.name = name;
  made.adapter = "smtp";
  made.connections = connections;
  made.smtp.hosts = {{name + ".example", 25}};
  made.smtp.tls = adapters::tls_mode::off;
  made.smtp.helo_name = "gw.example";
  made.smtp.messages_per_connection = 5;
  made.smtp.recipients_max = 2;
  made.smtp.timeouts.command = 20s;
  made.smtp.timeouts.data_initiation = 20s;
  made.smtp.timeouts.data_block = 20s;
  made.smtp.timeouts.data_termination = 60s;
  made.smtp.timeouts.idle = 20s;
  return made;
}

adapters::destination_settings vendor_destination() {
  adapters::destination_settings made;
  made.name = vendor;
  made.adapter = "mailjet";
  made.connections = 2;
  made.esp.url = "http://api.example";
  made.esp.api_key = "key";
  made.esp.secret_key = "secret";
  made.esp.allow_private_address = true;
  return made;
}

policy::destination_traits traits_of(const adapters::destination_settings& settings) {
  policy::destination_traits traits;
  traits.name = settings.name;
  traits.adapter = settings.adapter;
  traits.zone = settings.name == home_mta ? "on_prem" : "eu";
  traits.connections = settings.connections;
  traits.capabilities = adapters::capabilities_of(settings);
  traits.refused_fields = adapters::refused_fields_of(settings);
  return traits;
}

ingress::ingress_settings draw_doors() {
  ingress::ingress_settings doors;
  doors.node_name = "gw.example";
  ingress::smtp_listener_config door;
  door.name = door_name;
  door.dsn_always = true;
  doors.smtp.push_back(door);
  ingress::client_config client;
  client.name = client_name;
  client.tenant = "acme";
  client.networks = {"192.0.2.0/24"};
  client.control_headers = true;
  client.may_choose_stream = true;
  client.dsn = true;
  doors.clients.push_back(client);
  return doors;
}

}  // namespace

void draw_routes(house_rules& house, chance& dice) {
  const auto draw_unknown = [&dice] {
    if (dice.one_in(8)) return policy::on_unknown::duplicate_is_better;
    return dice.one_in(6) ? policy::on_unknown::hold : policy::on_unknown::same_destination;
  };
  const bool spare_first = dice.one_in(3);
  using names = std::vector<std::string>;
  policy::route_config newsletters =
      policy::failover_route("newsletters", spare_first ? names{spare_mta, vendor} : names{vendor, spare_mta}, 0);
  newsletters.when = "stream == \"marketing\"";
  policy::route_config everything = policy::failover_route(
      "everything", dice.one_in(3) ? names{home_mta, vendor, spare_mta} : names{home_mta, spare_mta}, 1);
  house.rules.routes = {std::move(newsletters), std::move(everything)};
  for (policy::route_config& one : house.rules.routes) {
    one.on_unknown = draw_unknown();
    if (dice.one_in(5)) one.on_deferral = policy::on_deferral::next;
    house.copies_allowed |= one.on_unknown == policy::on_unknown::duplicate_is_better;
  }
  std::vector<policy::destination_traits> traits;
  for (const auto& one : house.destinations) traits.push_back(traits_of(one));
  auto compiled = policy::compile(house.rules, traits);
  if (const auto* faults = std::get_if<std::vector<policy::policy_fault>>(&compiled)) {
    throw std::logic_error{faults->front().path + ": " + faults->front().reason};
  }
  house.compiled = std::get<std::shared_ptr<const policy::policy>>(std::move(compiled));
}

house_rules draw_rules(chance& dice) {
  house_rules house;
  house.destinations = {smtp_destination(home_mta, 3), smtp_destination(spare_mta, 2), vendor_destination()};
  policy::policy_config& rules = house.rules;
  policy::invariant_config residency;
  residency.name = "personal-data-stays-home";
  residency.path = "policy.invariants[0]";
  residency.when = "\"personal\" in tags";
  residency.only = "zone == \"on_prem\"";
  rules.invariants.push_back(residency);
  rules.retry = {{mail::traffic_stream::transactional, {5s, 2, 2min, 20min}},
                 {mail::traffic_stream::marketing, {10s, 2, 3min, lifetime_max}}};
  rules.health.ejection = 10s;
  rules.health.ejection_max = 60s;
  rules.health.slow_start = 5s;
  rules.health.probe_interval = 2s;
  if (dice.one_in(6)) rules.failover_budget = {0, 0};
  rules.unknown_wait = {20s, 40s, 3min, 10min};
  house.doors = draw_doors();
  house.delivery.lane_window = dice.between(2, 8);
  house.delivery.loads_in_flight_max = 4;
  house.delivery.delay_warning = 3min;
  house.delivery.attempt_timeout = 3min;
  house.delivery.lane_sweep = 10s;
  house.spool.data_directory = "/data";
  house.spool.inline_body_max = 600;
  house.spool.inline_line_max = 5;
  house.spool.segment_bytes = 16'000;
  draw_routes(house, dice);
  return house;
}

}  // namespace stellwerk::simulation
