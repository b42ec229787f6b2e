// The live marks of one destination; private to the destination table.
#pragma once

#include <array>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/delivery/destination_table.hpp"
#include "policy/route/proposal.hpp"

namespace stellwerk::delivery {

struct destination_table::slot {
  slot(policy::destination_traits traits_in, const policy::policy_config& config, stream_shares shares,
       random_source& random)
      : traits{std::move(traits_in)}, health{config.health, random}, brake{config.bounce_brake}, share{shares} {
    adopt_limits();
  }

  // The rate from the traits; called again by a reload that changed it.
  void adopt_limits() {
    rate.reset();
    if (traits.rate_per_second) rate.emplace(*traits.rate_per_second);
  }

  // A reload that changes the settings of health starts its marks anew; what was counted and what an operator said
  // stays.
  void carry_over(const slot& before) {
    sent = before.sent;
    spent = before.spent;
    backlog = before.backlog;
    delivered = before.delivered;
    waited = before.waited;
    waits = before.waits;
    operator_reason = before.operator_reason;
    patience = before.patience;
    health.keep_operator_mark(before.health);
  }
  [[nodiscard]] bool quota_has(double recipients, time_point now) const {
    return !traits.monthly_quota || sent.used(now) + recipients <= static_cast<double>(*traits.monthly_quota) + 1e-9;
  }
  // How many more connections mail of this stream may take now. A trial is one message of either stream: nothing is
  // kept free of it.
  [[nodiscard]] std::uint32_t room(mail::traffic_stream stream, steady_point now) const {
    const std::uint32_t allowed = health.connections_allowed(traits.connections, now);
    if (health.takes_trial(now)) return allowed - std::min(allowed, share.in_use());
    return share.room(stream, allowed, waits[1 - index_of(stream)]);
  }
  [[nodiscard]] bool beyond_spill(time_point now) const {
    return spill &&
           policy::is_beyond(*spill, {policy::candidate_reason::none, false, false, backlog, waited, spent.used(now)});
  }

  policy::destination_traits traits;
  policy::destination_health health;
  policy::patience patience;
  duration given_up{0};  // after so long an attempt gave up a silent peer that no handshake has looked at since
  policy::throttle throttle;
  policy::sender_gate senders;
  policy::refused_policy_counter refusals;
  policy::bounce_brake brake;
  slot_share share;
  std::map<std::string, policy::pair_health, std::less<>> pairs;  // by mailbox provider: a closed set
  std::optional<policy::token_bucket> rate;
  // What is under way or may have been handed over this month: recipients, money. They count and refuse nothing
  // themselves.
  policy::quota sent{policy::quota_period::month, std::numeric_limits<double>::infinity()};
  policy::quota spent{policy::quota_period::month, std::numeric_limits<double>::infinity()};
  std::optional<policy::spill_config> spill;  // the lowest thresholds of the routes
  std::array<bool, 2> waits{};
  std::int64_t backlog = 0;
  duration waited{0};                   // of the first in line
  std::optional<time_point> delivered;  // last
  bool listed = true;                   // named by the adopted policy
  std::string operator_reason;
  std::string shown_state;
  destination_metrics* metrics = nullptr;
};

}  // namespace stellwerk::delivery
