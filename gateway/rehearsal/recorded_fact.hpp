// recorded_fact: what the history keeps of one recipient of past traffic, as far as a policy can be asked about it: no
// content and no address. One JSON object a line (NDJSON), with the names of conditions where there is one:
//
//   {"at", "stream", "client", "tenant", "ingress", "listener", "reverse_path": "@shop.example", "header_from":
//    "@shop.example", "recipient": "@example.org", "campaign", "template", "tags", "metadata", "size", "recipients",
//    "notice": true, "bound_by", "content": ["noted", "dkim_signature"], "attachments_bytes", "state", "route",
//    "destination"}
//
// Local parts are not there: a condition that compares whole addresses sees "@domain". Header fields, subject and
// Message-ID are not recorded; `replay` names the conditions that read them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/spool/rows.hpp"
#include "mail/content_note.hpp"
#include "policy/fact_schema.hpp"

namespace stellwerk::rehearsal {

struct recorded_fact {
  time_point at{};
  mail::traffic_stream stream = mail::traffic_stream::transactional;
  mail::ingress_kind ingress = mail::ingress_kind::smtp;
  std::string client;
  std::string tenant;
  std::string listener;
  std::string reverse_path;  // "@domain"; empty: the null reverse path
  std::string recipient;     // "@domain"
  std::string campaign;
  std::string template_name;
  std::vector<std::string> tags;
  std::map<std::string, std::string> metadata;
  std::uint64_t size = 0;
  std::uint32_t recipients = 1;
  bool is_notice = false;             // a report on another message
  std::vector<std::string> bound_by;  // invariants of the message that it was made from
  mail::content_note note;
  // What became of it.
  std::string state;
  std::string route;
  std::string destination;  // of the last attempt
};

// Variables that nobody recorded.
inline constexpr std::array<policy::fact_slot, 4> unrecorded_slots{
    policy::fact_slot::header, policy::fact_slot::headers, policy::fact_slot::subject, policy::fact_slot::message_id};

[[nodiscard]] recorded_fact record_of(const spool::message_row& message, const spool::recipient_row& recipient);
[[nodiscard]] std::string to_json_line(const recorded_fact& fact);  // without a line break
[[nodiscard]] std::optional<recorded_fact> parse_recorded_fact(std::string_view line);

}  // namespace stellwerk::rehearsal
