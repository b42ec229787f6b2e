// truth: what really happened, told by those who know it. Clients say what was promised to them, sinks what they took,
// the watchers at the gateway's seams which attempts it made and what it wrote down of them.
//
// A *pair* is one recipient of one message, named by the token in the message's header and the address. Notifications
// of the gateway are messages too; their token is their Message-ID. Thread rule: the loop's thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "mail/attempt_outcome.hpp"
#include "mail/recipient_state.hpp"
#include "tests/simulation/trace.hpp"

namespace stellwerk::simulation {

struct pair_key {
  std::string token;
  std::string address;
  [[nodiscard]] std::string text() const { return token + "/" + address; }
  friend auto operator<=>(const pair_key&, const pair_key&) = default;
};

enum class promise : std::uint8_t { none, acknowledged, refused, unknown };

// One attempt's part in one pair.
struct attempt_part {
  std::string attempt_id;
  std::string destination;
  std::optional<mail::attempt_outcome> classified;  // by the gateway; none: the process ended first
  bool taken = false;                               // by the sink
  bool ended = false;
  bool durable = false;  // the outcome was committed
  bool lost = false;     // the process ended before the outcome was committed

  // What the gateway may not know: whether the sink has it.
  [[nodiscard]] bool ambiguous() const { return lost || classified == mail::attempt_outcome::unknown; }
};

struct acceptance {
  std::string sink;
  std::string attempt_id;  // "": of no attempt that was made
};

struct pair_record {
  promise promised = promise::none;
  std::string queue_id;  // as told in the acknowledgement
  std::vector<attempt_part> attempts;
  std::vector<acceptance> taken;
  bool refused_for_good = false;  // some sink said a permanent no
  bool operator_bounced = false;
  std::optional<mail::recipient_state> final_written;  // as the store acknowledged it
};

struct message_record {
  std::string token;
  std::string reverse_path;
  std::string body;  // with its CRLFs
  bool personal = false;
  bool wants_notice = true;
};

// A notification, as the settle that made it says.
struct notice_record {
  std::string token;
  std::vector<std::string> about;  // the recipients that it says failed
  std::string to;
  queue_id cause;
  bool personal = false;
};

class truth {
 public:
  explicit truth(trace& story) : story_{story} {}

  // ---- clients ----
  void submitted(message_record what);
  void answered(const pair_key& pair, promise what, const std::string& queue_id);
  [[nodiscard]] const message_record* message(const std::string& token) const;

  // ---- sinks ----
  void taken(const pair_key& pair, const std::string& sink, bool in_home_zone, const std::string& attempt_id,
             bool intact);
  void refused_for_good(const pair_key& pair);
  // Attempts in flight to `sink` for an address: a sink of SMTP learns the token only with the content.
  [[nodiscard]] std::vector<std::pair<pair_key, std::string>> in_flight(const std::string& sink,
                                                                        const std::string& address) const;

  // ---- the gateway's seams ----
  void stored(const pair_key& pair, const queue_id& id, std::uint32_t index);
  void notice_stored(notice_record what);
  void intent_written(const std::string& attempt_id) { intents_.insert(attempt_id); }
  void attempt_started(const pair_key& pair, const std::string& attempt_id, const std::string& destination);
  void attempt_ended(const pair_key& pair, const std::string& attempt_id, mail::attempt_outcome outcome);
  void outcome_written(const queue_id& id, std::uint32_t index, const std::string& attempt_id);
  // The outcome and the next attempt at `destination` are one commit: nobody waited.
  void went_on(const queue_id& id, std::uint32_t index, const std::string& from_attempt,
               const std::string& destination);
  // The disk has it although nobody lived to be told: what was known at the end of the process is known again.
  void outcome_found(const pair_key& pair, const std::string& attempt_id, mail::attempt_outcome outcome);
  void final_written(const queue_id& id, std::uint32_t index, mail::recipient_state state);
  void operator_bounced(const queue_id& id);
  void process_ended();

  void violation(std::string what);
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] const std::map<pair_key, pair_record>& pairs() const { return pairs_; }
  [[nodiscard]] const std::map<std::string, notice_record>& notices() const { return notices_; }
  // Whether the sender of this message was told that this recipient of it failed.
  [[nodiscard]] bool told_of(const pair_key& pair) const;
  [[nodiscard]] const std::map<std::pair<queue_id, std::uint32_t>, pair_key>& rows() const { return rows_; }
  [[nodiscard]] trace& story() { return story_; }

  // duplicate_is_better is, or was, somewhere in the policy: an unknown recipient may go to another destination.
  bool copies_allowed = false;
  // The failover budget is nothing: no recipient goes on to another destination at once.
  bool no_failover = false;
  // A body on the disk was damaged while nobody looked: its message cannot be delivered, and waits.
  bool damaged = false;
  // And brought again by a repetition since: these end like all others.
  std::set<std::pair<queue_id, std::uint32_t>> restored;
  std::map<std::string, std::size_t> connections_max;  // by destination

 private:
  [[nodiscard]] attempt_part* part_of(const pair_key& pair, const std::string& attempt_id);
  [[nodiscard]] const pair_key* pair_of(const queue_id& id, std::uint32_t index) const;
  [[nodiscard]] bool is_personal(const std::string& token) const;

  void check_start(const pair_key& pair, const pair_record& record, const std::string& destination);

  trace& story_;
  std::map<std::string, std::set<std::string>> in_flight_;  // attempts by destination
  std::map<pair_key, pair_record> pairs_;
  std::map<std::string, message_record> messages_;
  std::map<std::string, notice_record> notices_;              // by token
  std::set<std::pair<queue_id, std::string>> failures_told_;  // message and recipient
  std::map<std::pair<queue_id, std::uint32_t>, pair_key> rows_;
  std::set<std::string> intents_;
  std::vector<std::string> violations_;
};

// The token of a message from its header section: X-Sim-Token, or Message-ID of what the gateway made.
[[nodiscard]] std::string token_of(std::string_view content);

}  // namespace stellwerk::simulation
