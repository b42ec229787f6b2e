// submission: message and envelope offered by an identified client, not yet ours (RFC 6409).
//
// Both doors make one; from here on nothing knows which door it was but the `ingress` fact.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "mail/envelope.hpp"
#include "mail/traffic_stream.hpp"

namespace stellwerk::mail {

// Header section and body as one byte sequence, lines ended by CRLF, not dot-stuffed; immutable once made.
using content_ptr = std::shared_ptr<const std::string>;

enum class ingress_kind : std::uint8_t { smtp = 1, grpc = 2 };
[[nodiscard]] constexpr const char* to_string(ingress_kind kind) {
  return kind == ingress_kind::smtp ? "smtp" : "grpc";
}

// Where it came from on the wire: what our Received field says (RFC 5321 section 4.4).
struct trace_origin {
  std::string helo;      // as the peer named itself; foreign
  std::string peer_ip;   // empty: not told (gRPC)
  std::string protocol;  // ESMTP, ESMTPSA ... (RFC 3848); empty for gRPC
};

struct submission {
  mail::envelope envelope;
  content_ptr content;

  std::string client;  // name of the configured client; its tenant, never from the message
  std::string tenant;
  ingress_kind ingress = ingress_kind::smtp;
  std::string listener;  // configured name of the door
  trace_origin origin;

  std::optional<traffic_stream> requested_stream;  // explicit field or header, already permitted
  std::string campaign;
  std::string template_name;
  std::vector<std::string> tags;
  std::map<std::string, std::string> metadata;

  std::string idempotency_key;                 // empty: none
  std::array<std::uint8_t, 32> fingerprint{};  // SHA-256 over the request before anything was generated
  std::optional<time_point> send_at;
  std::optional<duration> lifetime;  // counts from send_at if given
  bool dsn_allowed = false;          // the reverse path is authenticated, bound, or dsn was asked for by gRPC
};

}  // namespace stellwerk::mail
