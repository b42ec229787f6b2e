#include "gateway/ingress/door_settings.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "gateway/ingress/password_hash.hpp"
#include "mail/address_pattern.hpp"

namespace stellwerk::ingress {
namespace {

void check_patterns(const std::vector<std::string>& patterns, const std::string& path,
                    std::vector<door_fault>& faults) {
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (!mail::is_address_pattern(patterns[i]))
      faults.push_back({fmt::format("{}[{}]", path, i), "not an address pattern: " + patterns[i]});
  }
}

// One user name or token that two clients have would be the tenant of whichever is found.
void check_identities(const std::vector<client_config>& clients, std::vector<door_fault>& faults) {
  std::map<std::string, std::string> users;
  std::map<std::string, std::string> tokens;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::string path = fmt::format("clients[{}]", i);
    const auto check = [&](std::map<std::string, std::string>& seen, const std::string& value, const char* key) {
      if (value.empty()) return;
      const auto [other, first] = seen.emplace(value, clients[i].name);
      if (!first) faults.push_back({path + key, "is also the one of client " + other->second});
    };
    check(users, clients[i].username, ".username");
    check(tokens, clients[i].token_hash, ".token_hash");
  }
}

void check_client(const client_config& client, const std::string& path, std::vector<door_fault>& faults) {
  for (std::size_t i = 0; i < client.networks.size(); ++i) {
    if (!net::ip_network::parse(client.networks[i]))
      faults.push_back({fmt::format("{}.networks[{}]", path, i), "not a network: " + client.networks[i]});
  }
  check_patterns(client.senders, path + ".senders", faults);
  check_patterns(client.recipients, path + ".recipients", faults);
  if (!client.username.empty() && !cost_of_password_hash(client.password_hash))
    faults.push_back({path + ".password_hash", "not a hash that hash-password prints"});
  if (!client.token_hash.empty() && client.token_hash.size() != 64)
    faults.push_back({path + ".token_hash", "not a SHA-256 in hex"});
}

smtp_door make_door(const smtp_listener_config& config, const std::string& path, time_point now,
                    std::vector<door_fault>& faults) {
  smtp_door door;
  door.config = config;
  for (std::size_t i = 0; i < config.allow_networks.size(); ++i) {
    const auto network = net::ip_network::parse(config.allow_networks[i]);
    if (network) {
      door.allowed.push_back(*network);
    } else {
      faults.push_back({fmt::format("{}.allow_networks[{}]", path, i), "not a network: " + config.allow_networks[i]});
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
  check_identities(values.clients, outcome.faults);
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
