// The X-Stellwerk-* fields by which a client with `control_headers: true` steers its message (contracts section 3).
//
// A bad value refuses the message and names the field: to ignore it would send mail on a way that was not meant.
// Pure; the fields themselves are removed elsewhere (mail/rewrite.hpp), whoever sent them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "mail/header_section.hpp"
#include "mail/submission.hpp"
#include "mail/traffic_stream.hpp"

namespace stellwerk::ingress {

// The same bounds hold for the fields of gRPC.
inline constexpr std::size_t idempotency_key_octets_max = 255;
inline constexpr std::size_t campaign_octets_max = 255;
inline constexpr std::size_t tags_max = 64;
inline constexpr std::size_t tag_octets_max = 128;
inline constexpr std::size_t metadata_pairs_max = 64;
inline constexpr std::size_t metadata_key_octets_max = 64;
inline constexpr std::size_t metadata_value_octets_max = 1024;
inline constexpr duration send_at_ahead_max = std::chrono::hours{30 * 24};
inline constexpr duration lifetime_max = std::chrono::hours{30 * 24};

// "" when it is good, else what is wrong with it; shared with the gRPC door.
[[nodiscard]] std::string_view fault_of_idempotency_key(std::string_view key);
[[nodiscard]] std::string_view fault_of_campaign(std::string_view campaign);
[[nodiscard]] std::string_view fault_of_tag(std::string_view tag);
[[nodiscard]] std::string_view fault_of_metadata(std::string_view key, std::string_view value);
[[nodiscard]] std::string_view fault_of_send_at(time_point send_at, time_point now);
[[nodiscard]] std::string_view fault_of_lifetime(duration lifetime);

struct control_values {
  std::optional<mail::traffic_stream> stream;
  std::string campaign;
  std::vector<std::string> tags;
  std::map<std::string, std::string> metadata;
  std::string idempotency_key;
  std::optional<time_point> send_at;
  std::optional<duration> lifetime;
};

struct control_fault {
  std::string field;   // "X-Stellwerk-Send-At"
  std::string reason;  // without foreign text
};

[[nodiscard]] std::variant<control_values, control_fault> read_control_headers(const mail::header_section& header,
                                                                               time_point now);

}  // namespace stellwerk::ingress
