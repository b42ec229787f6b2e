// ledger_event: one line of the ledger, a change of a message's or a recipient's fate. Made at the moment of the
// change, committed with it, read by WatchEvents, webhooks and statistics.
//
// The encoding is a version byte, then (tag, varint length, bytes) fields in tag order; absent means empty. Unknown
// tags are skipped, so an older process reads a newer ledger.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace stellwerk::events {

enum class event_kind : std::uint8_t {
  accepted = 1,     // of a message: carries the stream verdict
  attempt = 2,      // an attempt ended and the recipient is not final
  disposition = 3,  // a recipient reached a final state
  state = 4,        // held, released, unknown, scheduled: a change without an attempt
};
[[nodiscard]] std::string_view to_string(event_kind kind);

struct ledger_event {
  event_kind kind = event_kind::accepted;
  time_point at{};
  queue_id message;
  std::string recipient;  // address; empty for `accepted`
  std::string stream;
  std::string stream_reason;  // accepted
  std::string state;          // recipient state word
  std::string reason;
  std::string attempt_id;
  std::string destination;
  std::string route;
  std::string outcome;
  std::string enhanced_status;
  std::string reply;  // foreign, cut
  std::string vendor_message_id;
  std::string campaign;
  friend bool operator==(const ledger_event&, const ledger_event&) = default;
};

[[nodiscard]] std::string encode(const ledger_event& event);
[[nodiscard]] std::optional<ledger_event> decode(std::string_view bytes);

}  // namespace stellwerk::events
