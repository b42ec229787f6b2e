// disposition: what becomes of a recipient after an attempt. The table of architecture section 4 as a function: outcome
// and past in, next row and next step out. Pure; the dispatcher carries it out.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "gateway/spool/rows.hpp"
#include "mail/attempt_outcome.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::delivery {

enum class next_step : std::uint8_t {
  settle,          // `after` is what it becomes
  next_candidate,  // decide again at once without the destinations of this walk; `after` if that finds none
};

// The words of `disposition::why`.
inline constexpr std::array<std::string_view, 9> failover_reasons{
    "connect", "deferred_destination", "refused_account", "refused_sender", "adapter_fault",
    "unknown", "rejected_message",     "deferral",        "throttled"};

// Why a recipient that found no next candidate becomes what `after` says.
struct disposition {
  next_step step = next_step::settle;
  spool::recipient_row after;
  bool permanent = false;     // `after` is a bounce: the bounce brake is asked first
  bool spends_budget = true;  // moving on is a re-attempt after a live failure
  std::string_view why;       // label of failovers_total, one of failover_reasons
};

struct disposition_input {
  const spool::recipient_row& row;  // attempting, with its intent
  const mail::recipient_outcome& outcome;
  const policy::policy_config& config;
  const policy::route_config* route = nullptr;  // null: its route is gone since; the defaults hold
  mail::traffic_stream stream = mail::traffic_stream::transactional;
  bool api_way = false;          // HTTP: unknown waits longer and may be looked up
  time_point expires{};          // end of the message's lifetime
  bool account_refused = false;  // this refused_policy was one of a row: the account is meant, not the message
  bool others_passed = false;    // its destination delivered other mail since this recipient was first refused there
  time_point now{};
};

[[nodiscard]] disposition dispose(const disposition_input& in, random_source& random);

// The row with the finished attempt appended and its intent gone.
[[nodiscard]] spool::recipient_row with_attempt(const spool::recipient_row& row, const mail::recipient_outcome& outcome,
                                                time_point now);

// Becomes unknown at the destination of its intent: after an attempt without a known outcome, or found so at start.
[[nodiscard]] spool::recipient_row as_unknown(spool::recipient_row row, std::string_view destination,
                                              const policy::policy_config& config, const policy::route_config* route,
                                              bool api_way, time_point expires, time_point now);

// The state this event counts under when it is not final.
[[nodiscard]] spool::recipient_row as_deferred(spool::recipient_row row, time_point due, std::string_view reason,
                                               time_point now);
[[nodiscard]] spool::recipient_row as_final(spool::recipient_row row, mail::recipient_state state,
                                            std::string_view reason, time_point now);
// `why` is the decision's: "suppression:complaint".
[[nodiscard]] spool::recipient_row as_suppressed(spool::recipient_row row, std::string_view why, time_point now);
[[nodiscard]] spool::recipient_row as_held(spool::recipient_row row, std::string_view reason, time_point now);

}  // namespace stellwerk::delivery
