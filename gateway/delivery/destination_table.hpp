// destination_table: everything live about the destinations, in one place with one owner (the dispatcher): health,
// pairs, throttle, sender gates, pacing, quotas, slots, spending. It is the live state that decisions see, and the only
// one that can say yes to an attempt (reserve).
//
// Slots are by name and outlive reloads: a new policy finds the marks of the old one. Thread rule: dispatch thread
// only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "adapters/attempt.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "gateway/delivery/delivery_metrics.hpp"
#include "gateway/delivery/slot_share.hpp"
#include "gateway/spool/rows.hpp"
#include "policy/health/bounce_brake.hpp"
#include "policy/health/destination_health.hpp"
#include "policy/health/pacing.hpp"
#include "policy/health/pair_health.hpp"
#include "policy/health/patience.hpp"
#include "policy/health/refused_policy_counter.hpp"
#include "policy/health/sender_gate.hpp"
#include "policy/health/throttle.hpp"
#include "policy/policy.hpp"

namespace stellwerk::events {
class suppression_list;
}

namespace stellwerk::delivery {

// What an attempt is about, as far as the table must know.
struct attempt_subject {
  mail::traffic_stream stream = mail::traffic_stream::transactional;
  std::string mailbox_provider;  // of the first recipient
  std::string header_from_domain;
  std::uint32_t recipients = 1;
  bool is_copy = false;  // for a sandbox: costs nothing, and counts for no quota
};

// Slots, tokens and budget taken for one attempt; given back exactly once, by finish() or cancel().
struct reservation {
  std::string destination;
  attempt_subject subject;
  policy::attempt_ticket ticket;
  std::vector<std::string> limits;  // paths of the limit nodes taken from
  double money = 0;
  time_point taken{};  // when, for what is given back in another month
  bool pair_taken = false;
  bool sender_taken = false;
  steady_point began{};
  duration first_word_max{0};  // the attempt waits no longer; 0: as long as the time-outs say
};

// Why there is no reservation now.
struct refusal {
  using part = policy::refused_reservation::part;
  policy::candidate_reason reason = policy::candidate_reason::none;
  part of = part::destination;
};

// A destination that nobody answers at, and how long its silence is to be borne.
struct unreachable_destination {
  std::string name;
  duration silence{0};
};

struct destination_snapshot {
  std::string name;
  std::string adapter;
  std::string zone;
  std::string state;  // closed, open, half_open, drained, suspended, account_refused
  std::string cause;  // connect, consecutive, ratio, latency, account; "" when closed
  std::uint32_t in_flight = 0;
  std::uint32_t connections = 0;
  std::int64_t backlog = 0;
  double spent = 0;
  std::string currency;
  double admitted_share = 1;
  bool throttled = false;
  bool bounce_brake = false;
  std::string operator_reason;
  std::optional<time_point> suspended_until;
};

class destination_table final : public policy::live_state {
 public:
  destination_table(const clock& time, random_source& random, logger& log, delivery_metrics& metrics);
  ~destination_table() override;

  // Adopts the destinations and limits of a policy; live marks of known names stay.
  void adopt(const std::shared_ptr<const policy::policy>& rules, stream_shares shares);

  // live_state: indexed as in the adopted policy.
  [[nodiscard]] policy::destination_status destination(std::size_t index, mail::traffic_stream stream) const override;
  [[nodiscard]] policy::candidate_reason pair(std::size_t index, std::string_view mailbox_provider) const override;
  [[nodiscard]] bool sender_refused(std::size_t index, std::string_view header_from_domain) const override;
  [[nodiscard]] bool limit_has_room(std::size_t limit_index, std::size_t destination) const override;
  [[nodiscard]] std::string_view suppressed(std::string_view tenant, std::string_view recipient,
                                            mail::traffic_stream stream, time_point now) const override;
  // Asked by suppressed(); outlives the table.
  void consult(const events::suppression_list& list) { suppressions_ = &list; }

  // Takes what an attempt needs at `candidate`, or says what is missing.
  [[nodiscard]] std::variant<reservation, refusal> reserve(const policy::candidate& candidate,
                                                           const attempt_subject& subject);
  // What the attempt showed; frees the slot. `outcomes` in the order of its recipients, `domains` their domains.
  void finish(const reservation& held, const std::vector<mail::recipient_outcome>& outcomes,
              const std::vector<std::string_view>& domains, duration took);
  void cancel(const reservation& held);  // the attempt was never made

  // Bounds the wait for the first word where another destination would have the attempt's recipients at once. Not of a
  // trial: it is there to learn.
  void bound_first_word(reservation& held, adapters::attempt& what) const;
  void note_first_word(std::string_view name, duration took);
  // Since the last call: ejected because nobody answered, or found so by a probe.
  [[nodiscard]] std::vector<unreachable_destination> take_unreachable();

  // How many attempts of `stream` could start there now. Cheap; asked before anything is read from the store.
  [[nodiscard]] std::size_t room(std::string_view name, mail::traffic_stream stream) const;
  [[nodiscard]] bool panic_allowed(std::string_view name, mail::traffic_stream stream) const;
  [[nodiscard]] bool account_refused(std::string_view name) const;
  [[nodiscard]] bool delivered_since(std::string_view name, time_point when) const;
  // Not open, throttled, drained ...
  [[nodiscard]] bool available(std::string_view name, mail::traffic_stream stream) const;
  [[nodiscard]] bool known(std::string_view name) const { return slots_.contains(name); }

  // A permanent refusal is about to bounce: true when the bounce brake holds it instead.
  [[nodiscard]] bool brake_holds(std::string_view name, bool permanent_refusal);

  // The lanes tell who waits where.
  void set_waiting(std::string_view name, mail::traffic_stream stream, bool waits);
  void add_backlog(std::string_view name, std::int64_t by);
  void clear_backlogs();  // before they are counted anew
  void clear_waits();
  void note_wait(std::string_view name, duration waited);  // of the first in line in one of its lanes
  // Beyond the threshold of a `spill` node: what finds no room there may go on.
  [[nodiscard]] bool spills(std::string_view name) const;

  // Allowances by name, over restarts. What reserve() took must be written with the intent that uses it: take_usage().
  void restore(const std::vector<spool::usage_row>& rows);
  void take_usage(std::vector<spool::usage_row>& into);
  void forget_promises();                                     // what was taken may not have been written
  [[nodiscard]] std::vector<spool::usage_row> exact_usage();  // of all that differs from what was written

  // Lets time pass; names of destinations whose handshake probe is due, marked as started.
  [[nodiscard]] std::vector<std::string> advance();
  void probe_finished(std::string_view name, const adapters::probe_report& report);
  // True when something became available since the last call: lanes are worth pulling.
  [[nodiscard]] bool take_changed();
  // Mail that waits for a token or a pause may go on then.
  [[nodiscard]] std::optional<steady_point> next_event() const;

  // Operator; false: no such destination.
  bool drain(std::string_view name, std::string_view reason);
  bool suspend(std::string_view name, std::optional<duration> for_how_long, std::string_view reason);
  bool resume(std::string_view name);
  // A handshake that an operator asked for: on an ejected destination it counts as its probe, elsewhere for nothing.
  bool operator_probed(std::string_view name, const adapters::probe_report& report);
  [[nodiscard]] std::vector<destination_snapshot> snapshot() const;
  [[nodiscard]] double budget_spent(std::string_view name) const;

 private:
  struct slot;
  [[nodiscard]] slot& at(std::string_view name) const;
  [[nodiscard]] policy::candidate_reason unavailable(const slot& one, mail::traffic_stream stream) const;
  void publish_state(slot& one);
  void report_transitions(slot& one);
  void note_unreachable(const slot& one);
  void note_probe(slot& one, const adapters::probe_report& report);
  static void note_given_up(slot& one, const reservation& held, const std::vector<mail::recipient_outcome>& outcomes,
                            duration took);
  void note_sender(slot& one, const reservation& held, const std::vector<mail::recipient_outcome>& outcomes);
  void give_back_unused(slot& one, const reservation& held, const std::vector<mail::recipient_outcome>& outcomes);
  void adopt_destinations(const policy::policy& rules, bool health_changed);
  void adopt_limits(const policy::policy& rules);
  [[nodiscard]] std::optional<refusal> refusal_by_limits(const policy::candidate& candidate,
                                                         const attempt_subject& subject, double money) const;
  template <class Visit>
  void each_counter(Visit visit);  // (name, quota) of everything that survives a restart
  void wake_counters();
  void note(std::string name, const policy::quota_mark& mark);

  const events::suppression_list* suppressions_ = nullptr;
  const clock& time_;
  random_source& random_;
  logger& log_;
  delivery_metrics& metrics_;
  std::shared_ptr<const policy::policy> rules_;
  stream_shares shares_;
  std::map<std::string, std::unique_ptr<slot>, std::less<>> slots_;
  std::vector<slot*> by_index_;
  std::map<std::string, std::unique_ptr<policy::limit_gate>, std::less<>> gates_;  // by name and kind
  std::vector<policy::limit_gate*> gate_by_index_;
  std::vector<std::string> gate_key_by_index_;
  std::map<std::string, policy::quota_mark, std::less<>> dormant_;  // of names that this policy does not have
  std::vector<spool::usage_row> usage_;                             // to be written with the next intent
  std::uint64_t usage_stamp_ = 0;
  std::vector<unreachable_destination> unreachable_;
  bool changed_ = true;
};

}  // namespace stellwerk::delivery
