// attempt: one try on one destination, for the recipients of one message that share a decision. The intent is durable
// before an adapter sees it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "mail/attempt_outcome.hpp"
#include "mail/envelope.hpp"
#include "mail/submission.hpp"
#include "mail/traffic_stream.hpp"

namespace stellwerk::adapters {

enum class delivery_way : std::uint8_t { main, relay };  // an ESP's API, or its SMTP relay; an MTA has only main

struct attempt {
  std::string attempt_id;  // unique; the vendor's custom id, echoed in its events
  queue_id message;
  std::string destination;
  delivery_way way = delivery_way::main;
  std::string reverse_path;  // empty: null reverse path
  std::vector<mail::envelope_recipient> recipients;
  mail::content_ptr content;  // the bytes to send, declared changes already made
  bool smtputf8 = false;
  bool body_8bitmime = false;  // the content has octets above 127
  std::string envelope_id;
  bool return_full = false;
  mail::traffic_stream stream = mail::traffic_stream::transactional;
  std::string campaign;
  std::vector<std::string> tags;
  std::map<std::string, std::string> metadata;
  bool sandbox = false;         // the vendor says what it would do, and delivers nothing
  std::string idempotency_key;  // stable over all attempts of these recipients at this destination
  steady_point deadline{};      // of the whole attempt, but never cutting the wait for the reply after the dot
  // How long the peer's first word may take: another destination would have these recipients at once, and nothing is
  // sent before it. 0: as long as the destination's own time-outs say.
  duration first_word_max{0};
  // Shared by all that are asked in turn (an idle connection, each host), but each of them has so much.
  duration first_word_each{0};
};

// The fates, in the order of attempt.recipients, always complete: an adapter never reports trouble by throwing.
struct attempt_report {
  std::vector<mail::recipient_outcome> recipients;
  std::string host;         // the peer that answered last, "192.0.2.1:25"
  duration first_reply{0};  // from the start to the peer's first reply of this attempt; for latency health
  // The slowest of what a next attempt may meet as the first word of the host that spoke: its greeting, from the start
  // of the connection, or its reply to MAIL. At most what the time-outs grant it. 0: not known, or there is none.
  duration first_word{0};
};

struct probe_report {
  bool healthy = false;
  mail::recipient_outcome outcome;  // why not
  duration first_word{0};           // as in attempt_report
};

// Answer of a vendor's look-up by our own id, for one recipient of an attempt whose outcome is unknown.
enum class lookup_answer : std::uint8_t {
  unsupported,  // the vendor has none
  accepted,     // it has the message
  absent,       // it answered, and knows nothing of it; proves nothing once
  failed,       // no usable answer
};
struct lookup_report {
  lookup_answer answer = lookup_answer::unsupported;
  std::string vendor_message_id;
};

}  // namespace stellwerk::adapters
