// What the doors work from: the configured values with everything made from them (clients by network, TLS contexts),
// validated once and published as one immutable value. A reload publishes the next one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/published.hpp"
#include "base/clock.hpp"
#include "base/net/peer_network.hpp"
#include "base/net/tls.hpp"
#include "gateway/ingress/client_directory.hpp"
#include "gateway/ingress/ingress_config.hpp"

namespace stellwerk::ingress {

struct smtp_door {
  smtp_listener_config config;
  std::vector<net::ip_network> allowed;         // of allow_networks; empty: any address
  std::shared_ptr<const net::tls_context> tls;  // null when config.tls is off
};

struct door_settings {
  explicit door_settings(std::vector<client_config> client_configs) : clients{std::move(client_configs)} {}

  std::string node_name;
  std::vector<smtp_door> smtp;
  grpc_config grpc;
  client_directory clients;

  [[nodiscard]] const smtp_door* door(std::string_view name) const;
};
using door_settings_ptr = std::shared_ptr<const door_settings>;
using published_settings = async::published<door_settings>;

struct door_fault {
  std::string path;  // "ingress.smtp[1].tls"
  std::string reason;
};

struct door_settings_outcome {
  door_settings_ptr settings;      // null when there are faults
  std::vector<door_fault> faults;  // every one
};

// Reads the certificates. An expired one is a fault, so that a reload keeps the one in use.
[[nodiscard]] door_settings_outcome make_door_settings(const ingress_settings& values, time_point now);

}  // namespace stellwerk::ingress
