#include "gateway/delivery/disposition.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"
#include "base/planted_defect.hpp"
#include "policy/health/retry_schedule.hpp"

namespace stellwerk::delivery {
namespace {

using mail::attempt_outcome;
using mail::recipient_state;

const policy::retry_config& retry_of(const disposition_input& in) { return in.config.retry.at(in.stream); }

time_point retry_at(const disposition_input& in, const spool::recipient_row& after, random_source& random) {
  return in.now + policy::retry_delay(retry_of(in), after.attempts_made, random);
}

// How many attempts at the end of the history were refused_policy at `destination`.
std::size_t refusals_in_a_row(const spool::recipient_row& row, std::string_view destination) {
  std::size_t count = 0;
  for (auto at = row.attempts.rbegin(); at != row.attempts.rend(); ++at) {
    if (at->destination != destination || at->outcome != attempt_outcome::refused_policy) break;
    ++count;
  }
  return count;
}

disposition refused_policy(const disposition_input& in, spool::recipient_row after) {
  const std::string destination = after.attempts.back().destination;
  if (in.account_refused) {
    return {next_step::next_candidate, as_deferred(std::move(after), in.now, "no_destination_available", in.now), false,
            true, "refused_account"};
  }
  const std::size_t refusals = refusals_in_a_row(after, destination);
  if (refusals < 2) {
    return {next_step::settle, as_deferred(std::move(after), in.now + policy::refused_policy_confirm_after,
                                           "refused_policy_unconfirmed", in.now)};
  }
  // Where nothing else passed either it may be us who are refused, too seldom to count as ten in a row: ask once more.
  if (refusals == 2 && !in.others_passed) {
    return {next_step::settle, as_deferred(std::move(after), in.now + policy::refused_policy_ask_again_after,
                                           "refused_policy_unconfirmed", in.now)};
  }
  return {next_step::settle, as_final(std::move(after), recipient_state::bounced, "refused_policy", in.now), true};
}

disposition unknown(const disposition_input& in, spool::recipient_row after) {
  const std::string destination = after.attempts.back().destination;
  after = as_unknown(std::move(after), destination, in.config, in.route, in.api_way, in.expires, in.now);
  if (in.route != nullptr && in.route->on_unknown == policy::on_unknown::duplicate_is_better) {
    return {next_step::next_candidate, std::move(after), false, true, "unknown"};
  }
  return {next_step::settle, std::move(after)};
}

}  // namespace

spool::recipient_row as_deferred(spool::recipient_row row, time_point due, std::string_view reason, time_point now) {
  row.state = recipient_state::deferred;
  row.due = due;
  row.reason = reason;
  row.changed = now;
  row.intent.reset();
  return row;
}

spool::recipient_row as_final(spool::recipient_row row, recipient_state state, std::string_view reason,
                              time_point now) {
  row.state = state;
  row.reason = reason;
  row.changed = now;
  row.intent.reset();
  row.pinned_destination.clear();
  return row;
}

spool::recipient_row as_suppressed(spool::recipient_row row, std::string_view why, time_point now) {
  row = as_final(std::move(row), recipient_state::suppressed, why, now);
  row.enhanced_status = "5.7.1";
  return row;
}

spool::recipient_row as_held(spool::recipient_row row, std::string_view reason, time_point now) {
  row.state = recipient_state::held;
  row.reason = reason;
  row.changed = now;
  row.intent.reset();
  return row;
}

spool::recipient_row with_attempt(const spool::recipient_row& row, const mail::recipient_outcome& outcome,
                                  time_point now) {
  spool::recipient_row after = row;
  spool::attempt_row attempt;
  if (row.intent) {
    attempt.attempt_id = row.intent->attempt_id;
    attempt.destination = row.intent->destination;
    attempt.route = row.intent->route;
    attempt.policy_version = row.intent->policy_version;
    attempt.started = row.intent->started;
    attempt.passed_over = row.intent->passed_over;
  }
  attempt.ended = now;
  attempt.outcome = outcome.outcome;
  attempt.enhanced_status = outcome.enhanced_status;
  attempt.reply = outcome.reply.substr(0, limits::reply_bytes_max);
  attempt.vendor_message_id = outcome.vendor_message_id;
  attempt.refused_point = outcome.refused_point;
  attempt.remote_host = outcome.remote_host;
  const bool by_http = outcome.stage == mail::attempt_stage::request || outcome.stage == mail::attempt_stage::response;
  attempt.reply_by = outcome.code == 0 ? mail::said_by::us
                     : by_http         ? mail::said_by::http_peer
                                       : mail::said_by::smtp_peer;
  after.attempts.push_back(std::move(attempt));
  if (after.attempts.size() > limits::history_attempts_max) after.attempts.erase(after.attempts.begin());
  ++after.attempts_made;
  after.intents_lost = 0;
  after.enhanced_status = outcome.enhanced_status;
  after.intent.reset();
  after.changed = now;
  return after;
}

spool::recipient_row as_unknown(spool::recipient_row row, std::string_view destination,
                                const policy::policy_config& config, const policy::route_config* route, bool api_way,
                                time_point expires, time_point now) {
  const auto choice = route == nullptr ? policy::on_unknown::same_destination : route->on_unknown;
  row.state = recipient_state::unknown;
  row.pinned_destination = destination;
  row.intent.reset();
  row.changed = now;
  if (choice == policy::on_unknown::hold) {
    row.reason = "on_unknown_hold";
    // Nobody repeats it: what is looked at next is the end of its lifetime.
    row.due = expires;
    return row;
  }
  std::uint32_t in_a_row = 0;
  for (auto at = row.attempts.rbegin(); at != row.attempts.rend() && at->outcome == attempt_outcome::unknown; ++at)
    ++in_a_row;
  const auto via = api_way ? policy::unknown_via::api : policy::unknown_via::smtp;
  row.reason = "outcome_unknown";
  row.due = now + policy::unknown_delay(config.unknown_wait, via, std::max(1U, in_a_row));
  return row;
}

disposition dispose(const disposition_input& in, random_source& random) {
  spool::recipient_row after = with_attempt(in.row, in.outcome, in.now);
  const bool move_on_deferral = in.route != nullptr && in.route->on_deferral == policy::on_deferral::next;
  switch (in.outcome.outcome) {
    case attempt_outcome::delivered:
      return {next_step::settle, as_final(std::move(after), recipient_state::delivered, "", in.now)};
    case attempt_outcome::rejected_recipient:
      return {next_step::settle, as_final(std::move(after), recipient_state::bounced, "rejected_recipient", in.now),
              true};
    case attempt_outcome::rejected_message:
      // The router offers another only where its capabilities differ in the refused point.
      return {next_step::next_candidate,
              as_final(std::move(after), recipient_state::bounced, "rejected_message", in.now), true, false,
              "rejected_message"};
    case attempt_outcome::refused_policy: return refused_policy(in, std::move(after));
    case attempt_outcome::refused_sender:
      return {next_step::next_candidate, as_held(std::move(after), "sender_refused", in.now), false, true,
              "refused_sender"};
    case attempt_outcome::refused_account:
      return {next_step::next_candidate, as_deferred(std::move(after), in.now, "no_destination_available", in.now),
              false, true, "refused_account"};
    case attempt_outcome::deferred_recipient:
    case attempt_outcome::deferred_mailbox_provider: {
      if (planted(defect::deferral_bounces))
        return {next_step::settle, as_final(after, recipient_state::bounced, "", in.now)};
      const time_point due = retry_at(in, after, random);
      const auto step = move_on_deferral ? next_step::next_candidate : next_step::settle;
      return {step, as_deferred(std::move(after), due, to_string(in.outcome.outcome), in.now), false, true, "deferral"};
    }
    case attempt_outcome::deferred_destination: {
      const time_point due = retry_at(in, after, random);
      return {next_step::next_candidate, as_deferred(std::move(after), due, "deferred_destination", in.now), false,
              true, in.outcome.connect_class ? "connect" : "deferred_destination"};
    }
    case attempt_outcome::throttled: {
      // Waits in its lane behind the destination's pause; due at once when that ends.
      const bool spill = in.route != nullptr && in.route->spill_after &&
                         in.now - in.row.key.message.accepted_at() > *in.route->spill_after;
      return {spill ? next_step::next_candidate : next_step::settle,
              as_deferred(std::move(after), in.now, "throttled", in.now), false, true, "throttled"};
    }
    case attempt_outcome::adapter_fault:
      return {next_step::next_candidate, as_held(std::move(after), "adapter_fault", in.now), false, true,
              "adapter_fault"};
    case attempt_outcome::unknown: return unknown(in, std::move(after));
  }
  return {next_step::settle, as_held(std::move(after), "unclassified", in.now)};
}

}  // namespace stellwerk::delivery
