// Who is speaking: the configured clients, found by network, user name, token or certificate name.
//
// Identity comes from the connection, never from the message. Immutable; shared between threads inside door_settings.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/net/peer_network.hpp"
#include "gateway/ingress/ingress_config.hpp"

namespace stellwerk::ingress {

class client_directory {
 public:
  // A network that does not parse matches nobody; configuration reports it before.
  explicit client_directory(std::vector<client_config> clients);
  client_directory(const client_directory&) = delete;  // pointers into it are handed out
  client_directory& operator=(const client_directory&) = delete;

  [[nodiscard]] std::span<const client_config> clients() const { return clients_; }

  // The first client whose networks match, in the order of the configuration.
  [[nodiscard]] const client_config* by_network(std::string_view ip) const;
  [[nodiscard]] const client_config* by_name(std::string_view name) const;
  [[nodiscard]] const client_config* by_username(std::string_view username) const;
  // Every client is compared in constant time, so the answer does not tell how much of a token was right.
  [[nodiscard]] const client_config* by_token(std::string_view token) const;
  // `names`: of a verified certificate (subject alternative names, common name).
  [[nodiscard]] const client_config* by_certificate(std::span<const std::string> names) const;

  // What to verify a password against. For an unknown user a hash of the same cost that no password fits, so that the
  // time does not tell who exists.
  [[nodiscard]] const std::string& password_hash_of(std::string_view username) const;
  [[nodiscard]] bool has_passwords() const { return has_passwords_; }

 private:
  struct network_entry {
    net::ip_network network;
    std::size_t client;
  };

  std::vector<client_config> clients_;
  std::vector<network_entry> networks_;  // in the order of the clients
  std::string nobodys_hash_;
  bool has_passwords_ = false;
};

}  // namespace stellwerk::ingress
