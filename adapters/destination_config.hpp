// A destination as configured (contracts section 1): values only, secrets already read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace stellwerk::adapters {

enum class tls_mode : std::uint8_t { off, opportunistic, required, verified };

struct host_port {
  std::string host;
  std::uint16_t port = 25;
  friend bool operator==(const host_port&, const host_port&) = default;
};

struct smtp_auth {
  std::string username;
  std::string password;
  friend bool operator==(const smtp_auth&, const smtp_auth&) = default;
};

// Time-outs of the client dialog. RFC 5321 4.5.3.2 gives minutes; connect and greeting towards a configured relay are
// seconds, so that failover works.
struct smtp_timeouts {
  duration connect{std::chrono::seconds{2}};
  duration greeting{std::chrono::seconds{4}};
  duration command{std::chrono::minutes{5}};  // MAIL and RCPT
  duration data_initiation{std::chrono::minutes{2}};
  duration data_block{std::chrono::minutes{3}};
  duration data_termination{std::chrono::minutes{10}};
  duration idle{std::chrono::seconds{60}};  // a pooled connection is closed after this
  friend bool operator==(const smtp_timeouts&, const smtp_timeouts&) = default;
};

struct smtp_settings {
  std::vector<host_port> hosts;
  tls_mode tls = tls_mode::opportunistic;
  std::string ca_file;  // verified: empty = the system's store
  std::optional<smtp_auth> auth;
  smtp_timeouts timeouts;
  std::string helo_name;                         // our name in EHLO
  std::uint32_t messages_per_connection = 1000;  // then QUIT, so that the peer's limits and DNS changes are honoured
  std::uint32_t recipients_max = 100;            // per transaction (RFC 5321 4.5.3.1.8)
  bool allow_private_address = true;
  friend bool operator==(const smtp_settings&, const smtp_settings&) = default;
};

struct esp_settings {
  std::string url;  // base; empty: the vendor's own
  std::string api_key;
  std::string secret_key;
  bool sandbox = false;
  duration connect_timeout{std::chrono::seconds{2}};
  duration response_timeout{std::chrono::seconds{30}};
  std::string ca_file;
  bool allow_private_address = false;
  std::optional<smtp_settings> relay;
  friend bool operator==(const esp_settings&, const esp_settings&) = default;
};

struct destination_settings {
  std::string name;
  std::string adapter;  // "smtp" or a vendor's name
  std::uint32_t connections = 20;
  smtp_settings smtp;  // adapter == "smtp"
  esp_settings esp;    // otherwise
  friend bool operator==(const destination_settings&, const destination_settings&) = default;
};

}  // namespace stellwerk::adapters
