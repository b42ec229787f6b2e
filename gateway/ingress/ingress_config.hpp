// The doors and the clients as configured (contracts section 1): values only, secrets already read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "mail/traffic_stream.hpp"

namespace stellwerk::ingress {

enum class smtp_profile : std::uint8_t { relay, submission };
enum class server_tls_mode : std::uint8_t { off, starttls, implicit };

struct smtp_listener_config {
  std::string name;
  std::string address = "127.0.0.1:2525";
  smtp_profile profile = smtp_profile::relay;
  std::vector<std::string> allow_networks;  // CIDR; relay: who may speak at all. Empty: any client's networks decide
  server_tls_mode tls = server_tls_mode::off;
  std::string certificate;  // PEM file
  std::string key;
  bool dsn_always = false;                            // dsn: always
  std::uint64_t size_max = 25'000'000;                // bytes of content
  std::uint32_t recipients_max = 1000;                // per transaction; RFC 5321 asks for at least 100
  std::uint32_t connections_max = 2000;               // of this listener
  std::uint32_t connections_per_client = 500;         // per peer address
  std::uint32_t unknown_commands_max = 20;            // then 421
  std::uint32_t junk_commands_max = 100;              // NOOP, RSET, VRFY, HELO without a message between
  duration command_timeout{std::chrono::minutes{5}};  // RFC 5321 4.5.3.2.7
  duration data_timeout{std::chrono::minutes{3}};     // between two reads of the content
  std::uint32_t data_rate_min = 100;                  // bytes/s averaged over 60 s; slower ones are cut
};

struct grpc_config {
  std::string address;  // empty: no gRPC door
  std::string certificate, key, client_ca;
  bool allow_plaintext = false;  // beyond loopback
  bool reflection = true;
  std::uint64_t size_max = 25'000'000;
  std::uint32_t streams_max = 256;     // concurrent streams per connection
  std::uint32_t unanswered_max = 256;  // of one SubmitStream; then the server stops reading
};

struct client_config {
  std::string name;
  std::string tenant;                 // default: the name
  std::vector<std::string> networks;  // CIDR
  std::vector<std::string> certificate_names;
  std::string username;
  std::string password_hash;            // scrypt, as `stellwerk hash-password` prints
  std::string token_hash;               // SHA-256 hex
  std::vector<std::string> senders;     // user@domain, @domain, @*.domain, *; empty: any (relay only)
  std::vector<std::string> recipients;  // same forms; empty: any
  std::optional<double> rate_per_second;
  std::uint64_t size_max = 0;  // 0: the listener's
  std::optional<mail::traffic_stream> pin;
  std::optional<mail::traffic_stream> default_stream;
  bool may_choose_stream = false;
  bool control_headers = false;
  bool dsn = false;  // gRPC and relay clients whose reverse paths are trusted
};

// Everything the doors need and a reload may change; published as one value.
struct ingress_settings {
  std::string node_name;
  std::vector<smtp_listener_config> smtp;
  grpc_config grpc;
  std::vector<client_config> clients;
};

}  // namespace stellwerk::ingress
