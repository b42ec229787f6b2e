#include "gateway/ingress/door_settings.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "gateway/ingress/address_pattern.hpp"
#include "gateway/ingress/password_hash.hpp"

namespace stellwerk::ingress {
namespace {

void check_client(const client_config& client, const std::string& path, std::vector<door_fault>& faults) {
  for (const std::string& network : client.networks) {
    if (!net::ip_network::parse(network)) faults.push_back({path + ".networks", "not a network: " + network});
  }
  for (const std::string& pattern : client.senders) {
    if (!is_address_pattern(pattern)) faults.push_back({path + ".senders", "not an address pattern: " + pattern});
  }
  for (const std::string& pattern : client.recipients) {
    if (!is_address_pattern(pattern)) faults.push_back({path + ".recipients", "not an address pattern: " + pattern});
  }
  if (!client.username.empty() && !cost_of_password_hash(client.password_hash))
    faults.push_back({path + ".password_hash", "not a hash that hash-password prints"});
  if (!client.token_hash.empty() && client.token_hash.size() != 64)
    faults.push_back({path + ".token_hash", "not a SHA-256 in hex"});
}

smtp_door make_door(const smtp_listener_config& config, const std::string& path, time_point now,
                    std::vector<door_fault>& faults) {
  smtp_door door;
  door.config = config;
  for (const std::string& text : config.allow_networks) {
    const auto network = net::ip_network::parse(text);
    if (network) {
      door.allowed.push_back(*network);
    } else {
      faults.push_back({path + ".allow_networks", "not a network: " + text});
    }
  }
  if (config.tls == server_tls_mode::off) return door;
  const net::tls_server_files files{config.certificate, config.key, {}};
  auto context = net::make_server_tls(files, now);
  if (context) {
    door.tls = std::move(*context);
  } else {
    faults.push_back({path + ".tls", context.error().message()});
  }
  return door;
}

}  // namespace

const smtp_door* door_settings::door(std::string_view name) const {
  const auto found = std::find_if(smtp.begin(), smtp.end(), [&](const auto& one) { return one.config.name == name; });
  return found == smtp.end() ? nullptr : &*found;
}

door_settings_outcome make_door_settings(const ingress_settings& values, time_point now) {
  door_settings_outcome outcome;
  for (std::size_t i = 0; i < values.clients.size(); ++i)
    check_client(values.clients[i], fmt::format("clients[{}]", i), outcome.faults);
  std::vector<client_config> clients = values.clients;
  for (client_config& client : clients) {
    if (client.tenant.empty()) client.tenant = client.name;
  }
  auto made = std::make_shared<door_settings>(std::move(clients));
  made->node_name = values.node_name;
  made->grpc = values.grpc;
  for (std::size_t i = 0; i < values.smtp.size(); ++i)
    made->smtp.push_back(make_door(values.smtp[i], fmt::format("ingress.smtp[{}]", i), now, outcome.faults));
  if (outcome.faults.empty()) outcome.settings = std::move(made);
  return outcome;
}

}  // namespace stellwerk::ingress
