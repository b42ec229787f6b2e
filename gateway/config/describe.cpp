#include "gateway/config/config.hpp"

namespace stellwerk::config {
namespace {

std::string masked(const std::string& secret) { return secret.empty() ? "none" : "********"; }

std::string hosts(const std::vector<adapters::host_port>& all) {
  std::string text;
  for (const adapters::host_port& one : all) text += (text.empty() ? "" : ", ") + one.host + ":" + std::to_string(one.port);
  return text;
}

}  // namespace

std::string describe(const gateway_config& config) {
  std::string out = "node: {name: " + config.node.name + ", data_directory: " + config.spool.data_directory + "}\n";
  out += "policy_version: " + config.policy->version() + "\n";
  out += "ingress:\n";
  for (const ingress::smtp_listener_config& one : config.ingress.smtp) {
    out += "  smtp: {name: " + one.name + ", address: " + one.address +
           ", profile: " + (one.profile == ingress::smtp_profile::relay ? "relay" : "submission") +
           ", size_max: " + std::to_string(one.size_max) + "}\n";
  }
  if (!config.ingress.grpc.address.empty()) out += "  grpc: {address: " + config.ingress.grpc.address + "}\n";
  out += "http: {admin: " + config.http.admin_address + ", admin_token: " + masked(config.http.admin_token_hash) + "}\n";
  out += "clients:\n";
  for (const ingress::client_config& one : config.ingress.clients) {
    out += "  - {name: " + one.name + ", tenant: " + one.tenant + ", password_hash: " + masked(one.password_hash) +
           ", token_hash: " + masked(one.token_hash) + "}\n";
  }
  out += "destinations:\n";
  for (const adapters::destination_settings& one : config.destinations) {
    out += "  " + one.name + ": {adapter: " + one.adapter + ", connections: " + std::to_string(one.connections);
    if (one.adapter == "smtp") {
      out += ", hosts: [" + hosts(one.smtp.hosts) + "]";
      if (one.smtp.auth) out += ", auth: {username: " + one.smtp.auth->username + ", password: ********}";
    } else {
      out += ", url: " + (one.esp.url.empty() ? std::string{"default"} : one.esp.url) + ", api_key: " + masked(one.esp.api_key) +
             ", secret_key: " + masked(one.esp.secret_key);
      if (one.esp.relay) out += ", relay: [" + hosts(one.esp.relay->hosts) + "]";
    }
    out += "}\n";
  }
  out += "routes:\n";
  for (std::size_t i = 0; i < config.policy->routes().size(); ++i) {
    const policy::route_config& route = config.policy->routes()[i];
    out += "  - {name: " + route.name + (route.when.empty() ? "" : ", when: '" + route.when + "'") +
           ", via: " + config.policy->describe(i) + ", on_unknown: " + to_string(route.on_unknown) + "}\n";
  }
  return out;
}

}  // namespace stellwerk::config
