#include "policy/health/destination_health.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "policy/health/ejection_time.hpp"

namespace stellwerk::policy {
namespace {

using mail::attempt_outcome;

constexpr double slow_start_first_share = 0.1;
constexpr double panic_share = 0.1;
constexpr duration probe_spacing_min{std::chrono::milliseconds{50}};

// What says most about the destination comes first.
int weight_of(attempt_outcome outcome) {
  switch (outcome) {
    case attempt_outcome::refused_account: return 5;
    case attempt_outcome::deferred_destination: return 4;
    case attempt_outcome::unknown: return 3;
    case attempt_outcome::delivered: return 2;
    case attempt_outcome::throttled: return 1;
    case attempt_outcome::rejected_recipient:
    case attempt_outcome::rejected_message:
    case attempt_outcome::refused_policy:
    case attempt_outcome::refused_sender:
    case attempt_outcome::deferred_recipient:
    case attempt_outcome::deferred_mailbox_provider:
    case attempt_outcome::adapter_fault: return 0;
  }
  return 0;
}

std::uint32_t share_of(std::uint32_t configured, double share) {
  const double exact = std::ceil(static_cast<double>(configured) * share - 1e-9);
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(exact));
}

}  // namespace

std::string_view to_string(health_state state) {
  switch (state) {
    case health_state::closed: return "closed";
    case health_state::open: return "open";
    case health_state::half_open: return "half_open";
  }
  return "closed";
}

std::string_view to_string(ejection_cause cause) {
  switch (cause) {
    case ejection_cause::none: return "";
    case ejection_cause::connect: return "connect";
    case ejection_cause::consecutive: return "consecutive";
    case ejection_cause::ratio: return "ratio";
    case ejection_cause::latency: return "latency";
    case ejection_cause::account: return "account";
  }
  return "";
}

health_report summarise(const std::vector<mail::recipient_outcome>& outcomes, duration took) {
  health_report report{attempt_outcome::adapter_fault, false, took};
  int heaviest = -1;
  for (const mail::recipient_outcome& one : outcomes) {
    const int weight = weight_of(one.outcome);
    if (weight <= heaviest) continue;
    heaviest = weight;
    report.outcome = one.outcome;
    report.connect_class = one.connect_class;
  }
  return report;
}

destination_health::destination_health(const health_config& config, random_source& random)
    : config_{config}, random_{random}, window_{config.window} {}

void destination_health::advance(steady_point now) {
  if (operator_ == operator_mark::suspended && suspended_until_ && now >= *suspended_until_) {
    operator_ = operator_mark::none;
    suspended_until_.reset();
  }
  window_.advance(now);
  if (rung_ == rung::slow_start && now - slow_start_began_ >= config_.slow_start) close(now);
  if (carries_traffic()) judge(now);
}

candidate_reason destination_health::unavailable(steady_point now) const {
  if (operator_ == operator_mark::drained) return candidate_reason::drained;
  if (operator_ == operator_mark::suspended && (!suspended_until_ || now < *suspended_until_)) {
    return candidate_reason::suspended;
  }
  if (carries_traffic() || takes_trial(now)) return candidate_reason::none;
  return cause_ == ejection_cause::account ? candidate_reason::account_refused : candidate_reason::ejected;
}

bool destination_health::panic_allowed() const {
  return operator_ == operator_mark::none && !carries_traffic() &&
         (cause_ == ejection_cause::ratio || cause_ == ejection_cause::latency);
}

std::optional<attempt_ticket> destination_health::begin(steady_point now, ignore_marks marks) {
  advance(now);
  if (operator_ != operator_mark::none) return std::nullopt;
  attempt_ticket ticket{next_ticket_, generation_, false};
  if (!carries_traffic()) {
    if (takes_trial(now)) {
      ticket.trial = true;
      trial_running_ = true;
      last_trial_ = now;
    } else if (marks != ignore_marks::panic || !panic_allowed()) {
      return std::nullopt;
    }
  }
  ++next_ticket_;
  in_flight_.emplace(ticket.id, running_attempt{now, generation_});
  return ticket;
}

void destination_health::end(const attempt_ticket& ticket) {
  if (in_flight_.erase(ticket.id) > 0 && ticket.generation != generation_) --left_over_;
}

void destination_health::cancel(const attempt_ticket& ticket) {
  end(ticket);
  if (ticket.trial && ticket.generation == generation_) {
    trial_running_ = false;
    last_trial_.reset();
  }
}

void destination_health::finish(const attempt_ticket& ticket, const health_report& report, steady_point now) {
  end(ticket);
  if (report.outcome == attempt_outcome::refused_account) return refuse_account(now);
  // What began before the last ejection belongs to the trouble that caused it.
  if (ticket.generation != generation_) return;
  if (ticket.trial) return finish_trial(report, now);
  if (!carries_traffic()) return;
  count(report, now);
  judge(now);
}

void destination_health::count(const health_report& report, steady_point now) {
  switch (report.outcome) {
    case attempt_outcome::delivered:
      connect_failures_ = 0;
      consecutive_failures_ = 0;
      window_.add_success(report.took, now);
      return;
    case attempt_outcome::deferred_destination:
    case attempt_outcome::unknown:
      connect_failures_ = report.connect_class ? connect_failures_ + 1 : 0;
      ++consecutive_failures_;
      window_.add_failure(report.took, now);
      return;
    case attempt_outcome::rejected_recipient:
    case attempt_outcome::rejected_message:
    case attempt_outcome::refused_policy:
    case attempt_outcome::refused_sender:
    case attempt_outcome::refused_account:
    case attempt_outcome::deferred_recipient:
    case attempt_outcome::deferred_mailbox_provider:
    case attempt_outcome::throttled:
    case attempt_outcome::adapter_fault:
      connect_failures_ = 0;  // somebody answered
      return;
  }
}

void destination_health::judge(steady_point now) {
  if (connect_failures_ >= config_.connect_failures) return open(ejection_cause::connect, now);
  if (consecutive_failures_ >= config_.consecutive_failures) return open(ejection_cause::consecutive, now);
  const std::uint64_t total = window_.total();
  if (total >= config_.minimum_attempts && window_.failures() > 0 &&
      static_cast<double>(window_.failures()) >= config_.failure_ratio * static_cast<double>(total)) {
    return open(ejection_cause::ratio, now);
  }
  if (browned_out(now)) open(ejection_cause::latency, now);
}

duration destination_health::slow_bound() const {
  const auto usual = window_.usual_p95();
  if (!usual) return duration::max();
  const auto times_usual = static_cast<long long>(static_cast<double>(usual->count()) * config_.latency_ratio);
  return std::max(config_.latency_p95, duration{times_usual});
}

// p95 above the bound: more than a twentieth of the attempts are slower. Attempts that hang count before they end, so a
// peer that answers after half a minute is noticed earlier than that. Those that hang since before the last ejection
// belong to the trouble that caused it.
bool destination_health::browned_out(steady_point now) const {
  const duration bound = slow_bound();
  if (bound == duration::max()) return false;
  std::uint64_t hanging = 0;
  for (const auto& [id, one] : in_flight_) {
    if (one.generation == generation_ && now - one.began > bound) ++hanging;
  }
  const std::uint64_t all = window_.total() + hanging;
  return all >= config_.minimum_attempts && (window_.slower_than(bound) + hanging) * 20 > all;
}

destination_health::evidence destination_health::weigh(const health_report& report) const {
  switch (report.outcome) {
    case attempt_outcome::delivered:
      if (cause_ == ejection_cause::latency && report.took > slow_bound()) return evidence::bad;
      return evidence::good;
    case attempt_outcome::deferred_destination:
    case attempt_outcome::unknown:
    case attempt_outcome::refused_account: return evidence::bad;
    case attempt_outcome::throttled:
    case attempt_outcome::adapter_fault: return evidence::none;
    case attempt_outcome::rejected_recipient:
    case attempt_outcome::rejected_message:
    case attempt_outcome::refused_policy:
    case attempt_outcome::refused_sender:
    case attempt_outcome::deferred_recipient:
    case attempt_outcome::deferred_mailbox_provider:
      // A considered answer: the destination works. It says nothing about our account.
      return cause_ == ejection_cause::account ? evidence::none : evidence::good;
  }
  return evidence::none;
}

void destination_health::finish_trial(const health_report& report, steady_point now) {
  trial_running_ = false;
  switch (weigh(report)) {
    case evidence::none: return;
    case evidence::bad: return open(report.connect_class ? ejection_cause::connect : cause_, now);
    case evidence::good: break;
  }
  if (!good_since_) good_since_ = now;
  if (!soft_cause() || now - *good_since_ >= stable_time()) enter_slow_start(now);
}

std::uint32_t destination_health::connections_allowed(std::uint32_t configured, steady_point now) const {
  std::uint32_t share = 1;
  if (carries_traffic()) {
    share = share_of(configured, admitted_share(now));
  } else if (panic_allowed()) {
    share = share_of(configured, panic_share);
  }
  return state_ == health_state::half_open ? std::min(configured, left_over_ + share) : share;
}

double destination_health::admitted_share(steady_point now) const {
  if (rung_ != rung::slow_start) return 1;
  const double elapsed = std::chrono::duration<double>(now - slow_start_began_).count();
  const double whole = std::chrono::duration<double>(config_.slow_start).count();
  if (whole <= 0 || elapsed >= whole) return 1;
  return slow_start_first_share + (1 - slow_start_first_share) * std::max(0.0, elapsed / whole);
}

bool destination_health::probe_due(steady_point now) const {
  if (rung_ != rung::handshake || probe_running_ || operator_ != operator_mark::none) return false;
  if (cause_ != ejection_cause::connect && now < open_until_) return false;
  return now - last_probe_ >= probe_spacing();
}

void destination_health::probe_started(steady_point now) {
  probe_running_ = true;
  last_probe_ = now;
}

void destination_health::probe_finished(bool succeeded, steady_point now) {
  probe_running_ = false;
  if (rung_ != rung::handshake) return;
  if (!succeeded) {
    good_since_.reset();
    // It does not even answer now: stronger than what it was ejected for, and no case for panic.
    if (cause_ != ejection_cause::account) cause_ = ejection_cause::connect;
    return;
  }
  if (!good_since_) good_since_ = now;
  if (cause_ != ejection_cause::connect || now - *good_since_ >= stable_time()) enter_half_open();
}

void destination_health::drain() {
  operator_ = operator_mark::drained;
  suspended_until_.reset();
}

void destination_health::suspend(std::optional<steady_point> until) {
  operator_ = operator_mark::suspended;
  suspended_until_ = until;
}

void destination_health::resume(steady_point now) {
  operator_ = operator_mark::none;
  suspended_until_.reset();
  if (state_ == health_state::open) enter_half_open();
  advance(now);
}

void destination_health::refuse_account(steady_point now) {
  // Attempts that were in flight together are told the same; one ejection is enough.
  if (state_ == health_state::open && cause_ == ejection_cause::account) return;
  open(ejection_cause::account, now);
}

std::vector<health_transition> destination_health::take_transitions() { return std::exchange(transitions_, {}); }

bool destination_health::takes_trial(steady_point now) const {
  if (rung_ != rung::message || trial_running_) return false;
  return !last_trial_ || now - *last_trial_ >= probe_spacing();
}

bool destination_health::soft_cause() const {
  return cause_ == ejection_cause::consecutive || cause_ == ejection_cause::ratio || cause_ == ejection_cause::latency;
}

bool destination_health::carries_traffic() const { return state_ == health_state::closed || rung_ == rung::slow_start; }

duration destination_health::stable_time() const { return ejection_ / 2; }

duration destination_health::probe_spacing() const {
  return std::max(probe_spacing_min, std::min(config_.probe_interval, config_.ejection / 6));
}

void destination_health::open(ejection_cause cause, steady_point now) {
  if (closed_since_ && now - *closed_since_ >= config_.ejection_max) repetitions_ = 0;
  closed_since_.reset();
  ejection_ = ejection_time(config_, repetitions_, random_);
  ++repetitions_;
  open_until_ = now + ejection_;
  cause_ = cause;
  rung_ = rung::handshake;
  good_since_.reset();
  last_trial_.reset();
  last_probe_ = now;
  trial_running_ = false;
  ++generation_;
  left_over_ = static_cast<std::uint32_t>(in_flight_.size());
  move_to(health_state::open);
}

void destination_health::enter_half_open() {
  rung_ = rung::message;
  good_since_.reset();
  last_trial_.reset();
  move_to(health_state::half_open);
}

void destination_health::enter_slow_start(steady_point now) {
  rung_ = rung::slow_start;
  slow_start_began_ = now;
  connect_failures_ = 0;
  consecutive_failures_ = 0;
  window_.clear();
  if (config_.slow_start <= duration{0}) close(now);
}

void destination_health::close(steady_point now) {
  rung_ = rung::none;
  cause_ = ejection_cause::none;
  closed_since_ = now;
  move_to(health_state::closed);
}

void destination_health::move_to(health_state next) {
  transitions_.push_back({state_, next, cause_, next == health_state::open ? ejection_ : duration{0}});
  state_ = next;
}

}  // namespace stellwerk::policy
