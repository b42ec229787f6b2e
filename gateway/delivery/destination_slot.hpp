// The live marks of one destination; private to the destination table.
#pragma once

#include <array>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/delivery/destination_table.hpp"

namespace stellwerk::delivery {

struct destination_table::slot {
  slot(policy::destination_traits traits_in, const policy::policy_config& config, stream_shares shares,
       random_source& random)
      : traits{std::move(traits_in)}, health{config.health, random}, brake{config.bounce_brake}, share{shares} {
    adopt_limits();
  }

  // Rates and quotas from the traits; called again by a reload that changed them.
  void adopt_limits() {
    rate.reset();
    if (traits.rate_per_second) rate.emplace(*traits.rate_per_second);
    if (traits.monthly_quota) {
      if (!monthly) monthly.emplace(policy::quota_period::month, static_cast<double>(*traits.monthly_quota));
    } else {
      monthly.reset();
    }
  }

  policy::destination_traits traits;
  policy::destination_health health;
  policy::throttle throttle;
  policy::sender_gate senders;
  policy::refused_policy_counter refusals;
  policy::bounce_brake brake;
  slot_share share;
  std::map<std::string, policy::pair_health, std::less<>> pairs;  // by mailbox provider: a closed set
  std::optional<policy::token_bucket> rate;
  std::optional<policy::quota> monthly;
  policy::quota spent{policy::quota_period::month, std::numeric_limits<double>::infinity()};  // counts, never refuses
  std::array<bool, 2> waits{};
  std::int64_t backlog = 0;
  std::optional<time_point> delivered;  // last
  bool listed = true;                   // named by the adopted policy
  std::string operator_reason;
  std::string shown_state;
  destination_metrics* metrics = nullptr;
};

}  // namespace stellwerk::delivery
