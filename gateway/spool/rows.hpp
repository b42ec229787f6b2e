// What the spool keeps: plain values, encoded by the engine behind the interface (FORMAT.md).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "mail/attempt_outcome.hpp"
#include "mail/content_note.hpp"
#include "mail/envelope.hpp"
#include "mail/recipient_state.hpp"
#include "mail/submission.hpp"
#include "mail/traffic_stream.hpp"

namespace stellwerk::spool {

// A lane's interned name; dense, never reused.
using lane_id = std::uint32_t;

// (stream, tenant, ordered candidate list after invariants); `key` is its canonical text, unique.
struct lane_row {
  lane_id id = 0;
  mail::traffic_stream stream = mail::traffic_stream::transactional;
  std::string tenant;
  std::vector<std::string> candidates;  // destination names in order
  bool own_lifetime = false;  // its messages end at a time of their own (a lifetime given, a deadline that drops)
  friend bool operator==(const lane_row&, const lane_row&) = default;
};

// One past attempt of a recipient as stored and shown by GetSubmission.
struct attempt_row {
  std::string attempt_id;
  std::string destination;
  std::string route;
  std::string policy_version;
  time_point started{};
  time_point ended{};
  mail::attempt_outcome outcome = mail::attempt_outcome::unknown;
  std::string enhanced_status;
  std::string reply;  // foreign, cut
  std::string vendor_message_id;
  std::string refused_point;
  std::string passed_over;  // of its decision: "onprem: ejected; ses: invariant home"; empty: it was the first choice
  std::string remote_host;  // name of the host that was talked to; not kept of what is finished
  mail::said_by reply_by = mail::said_by::smtp_peer;  // who said `reply`
  friend bool operator==(const attempt_row&, const attempt_row&) = default;
};

// Durable note that an attempt may have handed over. Written before the octet leaves that can make a peer responsible.
struct attempt_intent {
  std::string attempt_id;
  std::string destination;
  std::string route;
  std::string policy_version;
  time_point started{};
  std::string passed_over;  // as in attempt_row
  friend bool operator==(const attempt_intent&, const attempt_intent&) = default;
};

struct recipient_key {
  queue_id message;
  std::uint32_t index = 0;
  friend auto operator<=>(const recipient_key&, const recipient_key&) = default;
};

struct recipient_row {
  recipient_key key;
  std::string address;
  mail::dsn_request dsn;
  mail::recipient_state state = mail::recipient_state::ready;
  lane_id lane = 0;
  time_point due{};  // next attempt, send_at, or when an unknown is looked at again
  std::uint32_t attempts_made = 0;
  std::uint32_t intents_lost = 0;  // in a row: intents found without an outcome at start
  std::uint32_t empty_lookups = 0;
  std::string pinned_destination;
  std::string rerouted_to;  // an operator's choice of the next destination; never against the pin
  std::string reason;       // "no_destination_available", "policy_refuses", "invariant:NAME" ...
  std::string enhanced_status;
  time_point changed{};  // when the state was last written
  bool delay_warned = false;
  std::vector<attempt_row> attempts;  // the last limits::history_attempts_max
  std::optional<attempt_intent> intent;
  friend bool operator==(const recipient_row&, const recipient_row&) = default;
};

// Everything of an accepted message but its recipients and its bytes.
struct message_row {
  queue_id id;
  std::string client;
  std::string tenant;
  mail::ingress_kind ingress = mail::ingress_kind::smtp;
  std::string listener;
  std::string reverse_path;
  bool smtputf8 = false;
  bool body_8bitmime = false;
  std::string envelope_id;
  bool return_full = false;
  bool dsn_allowed = false;
  mail::traffic_stream stream = mail::traffic_stream::transactional;
  mail::stream_source stream_source = mail::stream_source::default_choice;
  std::string stream_reason;
  std::string campaign;
  std::string template_name;
  std::vector<std::string> tags;
  std::map<std::string, std::string> metadata;
  time_point accepted{};
  std::optional<time_point> send_at;
  time_point expires{};               // lifetime reached: open recipients expire
  std::uint64_t size = 0;             // bytes of content
  std::uint32_t recipients = 0;       // rows made at acceptance (merged ones added)
  std::string shadow_destination;     // a copy for that one's sandbox; empty: mail to be delivered
  std::string idempotency_key;        // kept so that the key's row outlives the last settled recipient
  mail::content_note note;            // of its content, for whoever asks a policy about it later
  bool is_notice = false;             // a report on another message (RFC 3464)
  std::vector<std::string> bound_by;  // invariants of the message this was made from; they bind this one too
  friend bool operator==(const message_row&, const message_row&) = default;
};

// One line of the ledger: opaque to the spool, ordered by `sequence`, kept for history.retention.
struct ledger_row {
  std::uint64_t sequence = 0;  // given by the committer
  std::string tenant;
  std::string payload;
};

// How much of a counted allowance was used in a calendar period (20261124, 202611). Never less than what was handed
// over: it is written in the batch of the intent that uses it, or before.
struct usage_row {
  std::string name;
  std::uint32_t period = 0;
  double used = 0;
  std::uint64_t stamp = 0;  // of several rows on their way the one with the highest is the last word; not stored
};

// Whether a recipient in this state is in line for the destinations of its lane: their backlog. Held mail waits for
// somebody, scheduled mail for its time.
[[nodiscard]] constexpr bool stands_in_line(mail::recipient_state state) {
  return state == mail::recipient_state::ready || state == mail::recipient_state::attempting ||
         state == mail::recipient_state::deferred || state == mail::recipient_state::unknown;
}

// A small value that the process keeps beside its mail: the applied policy, the head of the audit log.
struct note_row {
  std::string name;
  std::string value;
};

// Where a queued recipient lies in its lane; the order of the store.
struct due_entry {
  time_point due{};
  recipient_key key;
  friend auto operator<=>(const due_entry&, const due_entry&) = default;
};

// An open recipient that is not held: it lies in a lane, or an attempt of it is open.
struct waiting_recipient {
  lane_id lane = 0;
  due_entry at;
  bool has_intent = false;
};

}  // namespace stellwerk::spool
