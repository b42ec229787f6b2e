// destination_health: may mail be offered to this destination now, and how much of it? One per destination.
//
// A pure state machine: time comes in, transitions come out; it probes, sends and logs nothing itself. Thread rule: one
// owner (the dispatcher).
//
//   From       Event                                                        To         Note
//   closed     `connect_failures` connect class failures in a row           open       cause connect
//   closed     `consecutive_failures` failures in a row                     open       cause consecutive
//   closed     failures / all >= `failure_ratio`, >= `minimum_attempts`     open       cause ratio
//   closed     p95 > `latency_p95` and > `latency_ratio` x usual            open       cause latency (brown-out)
//   any        refused_account                                              open       cause account, at once
//   open       connect: handshakes good for the stable time                 half_open  probed every `probe_interval`
//   open       others: ejection time passed, then one good handshake        half_open
//   open       operator resumes                                             half_open
//   half_open  a trial message succeeds (soft causes: for the stable time)  half_open  slow start, 10 % -> 100 %
//   half_open  a trial message fails                                        open       ejection and stable time double
//   half_open  in slow start, one of the rules of closed                    open       ejection and stable time double
//   half_open  slow start is over                                           closed
//   any        operator drains or suspends                                  (same)     nothing begins; outranks the
//   rest
//
// A trial is one real message; there is one at a time and at most one per probe interval. Soft causes are consecutive,
// ratio and latency: a handshake proves nothing there, so only messages count.
//
// Flap damping is the stable time (half the ejection time, doubling with it): a destination that is good for 10 s and
// bad for 10 s never stays good long enough to get its traffic back. Ejection times have jitter and stop at
// `ejection_max`; they start over after that long without trouble. `probe_interval` is cut to a sixth of `ejection`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "mail/attempt_outcome.hpp"
#include "policy/health/outcome_window.hpp"
#include "policy/live_state.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

enum class health_state : std::uint8_t { closed, open, half_open };
[[nodiscard]] std::string_view to_string(health_state state);

enum class ejection_cause : std::uint8_t { none, connect, consecutive, ratio, latency, account };
[[nodiscard]] std::string_view to_string(ejection_cause cause);

// One finished attempt, seen as a whole.
struct health_report {
  mail::attempt_outcome outcome = mail::attempt_outcome::delivered;
  bool connect_class = false;
  duration took{0};
};

// The outcome of an attempt with several recipients: the one that says most about the destination.
[[nodiscard]] health_report summarise(const std::vector<mail::recipient_outcome>& outcomes, duration took);

// Handed out by begin(), given back to finish() or cancel().
struct attempt_ticket {
  std::uint64_t id = 0;
  std::uint32_t generation = 0;
  bool trial = false;
};

struct health_transition {
  health_state from = health_state::closed;
  health_state to = health_state::closed;
  ejection_cause cause = ejection_cause::none;
  duration ejection{0};  // when `to` is open
};

enum class ignore_marks : std::uint8_t { no, panic };

class destination_health {
 public:
  destination_health(const health_config& config, random_source& random);

  // Lets time pass: call before reading, at least once per second while anything is in flight or open.
  void advance(steady_point now);

  // none: mail may be offered. Also says drained, suspended, account_refused, ejected.
  [[nodiscard]] candidate_reason unavailable(steady_point now) const;
  // Ejected by ratio or latency only (architecture section 4, panic).
  [[nodiscard]] bool panic_allowed() const;

  // Takes the right to make one attempt. nullopt: not now; unavailable() says why. Panic passes only where allowed.
  [[nodiscard]] std::optional<attempt_ticket> begin(steady_point now, ignore_marks marks = ignore_marks::no);
  void finish(const attempt_ticket& ticket, const health_report& report, steady_point now);
  void cancel(const attempt_ticket& ticket);  // the attempt was never made

  // Connections of `configured` that may be in use: slow start admits a share, panic a tenth; never 0. On the way back
  // they are beside those that hang since before the ejection, as far as `configured` goes: a peer that lost its power
  // left them there, and they say nothing of what it is now.
  [[nodiscard]] std::uint32_t connections_allowed(std::uint32_t configured, steady_point now) const;
  [[nodiscard]] double admitted_share(steady_point now) const;  // 0.1 ... 1

  // The handshake rung: when due, the owner runs one probe and reports it.
  [[nodiscard]] bool probe_due(steady_point now) const;
  void probe_started(steady_point now);
  void probe_finished(bool succeeded, steady_point now);

  // Operator. They outrank every other state and outlive transitions beneath them.
  void drain();
  void suspend(std::optional<steady_point> until);
  void resume(steady_point now);
  // What an operator said there holds here too.
  void keep_operator_mark(const destination_health& before) {
    operator_ = before.operator_;
    suspended_until_ = before.suspended_until_;
  }
  [[nodiscard]] std::optional<steady_point> suspended_until() const {
    return operator_ == operator_mark::suspended ? suspended_until_ : std::nullopt;
  }
  // The 10-in-a-row rule of refused_policy and alike: as a refused_account outcome.
  void refuse_account(steady_point now);

  [[nodiscard]] health_state state() const { return state_; }
  [[nodiscard]] ejection_cause cause() const { return cause_; }
  [[nodiscard]] bool slow_starting() const { return rung_ == rung::slow_start; }
  // What begins now is a trial.
  [[nodiscard]] bool takes_trial(steady_point now) const;
  // What happened since the last call, oldest first: for the log, the metric and the snapshot.
  [[nodiscard]] std::vector<health_transition> take_transitions();

 private:
  // Where on the ladder of return: handshake while open; message, then slow_start while half open.
  enum class rung : std::uint8_t { none, handshake, message, slow_start };
  enum class evidence : std::uint8_t { good, bad, none };
  enum class operator_mark : std::uint8_t { none, drained, suspended };

  [[nodiscard]] bool soft_cause() const;
  [[nodiscard]] bool carries_traffic() const;
  [[nodiscard]] evidence weigh(const health_report& report) const;
  [[nodiscard]] duration slow_bound() const;
  [[nodiscard]] duration stable_time() const;
  [[nodiscard]] duration probe_spacing() const;
  void end(const attempt_ticket& ticket);
  void count(const health_report& report, steady_point now);
  void finish_trial(const health_report& report, steady_point now);
  void judge(steady_point now);
  [[nodiscard]] bool browned_out(steady_point now) const;
  void open(ejection_cause cause, steady_point now);
  void enter_half_open();
  void enter_slow_start(steady_point now);
  void close(steady_point now);
  void move_to(health_state next);

  health_config config_;
  random_source& random_;

  health_state state_ = health_state::closed;
  ejection_cause cause_ = ejection_cause::none;
  rung rung_ = rung::none;
  operator_mark operator_ = operator_mark::none;
  std::optional<steady_point> suspended_until_;

  std::uint32_t connect_failures_ = 0;
  std::uint32_t consecutive_failures_ = 0;
  outcome_window window_;

  std::uint32_t generation_ = 0;
  std::uint64_t next_ticket_ = 1;
  struct running_attempt {
    steady_point began;
    std::uint32_t generation;
  };
  std::unordered_map<std::uint64_t, running_attempt> in_flight_;
  std::uint32_t left_over_ = 0;  // of these, begun before the last ejection

  std::uint32_t repetitions_ = 0;
  duration ejection_{0};
  steady_point open_until_{};
  std::optional<steady_point> good_since_;
  steady_point last_probe_{};
  bool probe_running_ = false;
  bool trial_running_ = false;
  std::optional<steady_point> last_trial_;
  steady_point slow_start_began_{};
  std::optional<steady_point> closed_since_;
  std::vector<health_transition> transitions_;
};

}  // namespace stellwerk::policy
