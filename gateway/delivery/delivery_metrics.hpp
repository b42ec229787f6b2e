// delivery_metrics: the handles of the delivery side, made for the closed label sets when a destination is adopted.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "base/metric_registry.hpp"
#include "gateway/spool/suppression_row.hpp"
#include "mail/attempt_outcome.hpp"
#include "mail/recipient_state.hpp"
#include "mail/traffic_stream.hpp"
#include "policy/policy.hpp"

namespace stellwerk::delivery {

[[nodiscard]] constexpr std::size_t index_of(mail::traffic_stream stream) {
  return stream == mail::traffic_stream::transactional ? 0 : 1;
}

struct destination_metrics {
  std::array<std::array<counter, 13>, 2> attempts;  // [stream][outcome]
  histogram attempt_seconds;
  std::array<histogram, 2> handoff_seconds;         // accept to hand-over
  std::map<std::string, gauge, std::less<>> state;  // 0 | 1 for each state word
  gauge unknown;
  std::map<std::string, counter, std::less<>> unknown_total;  // by cause: stage words
  counter possible_duplicates;
  gauge cost;  // this month
};

class delivery_metrics {
 public:
  explicit delivery_metrics(metric_registry& registry);

  // Makes what this policy can count, so that every known series is there with 0 before the first event.
  void adopt(const policy::policy& rules);
  destination_metrics& destination(std::string_view name, std::string_view currency);
  counter& failovers(std::string_view from, std::string_view to, std::string_view reason);
  counter& invariant_holds(std::string_view invariant);
  counter& policy_errors(std::string_view rule);

  std::array<std::array<counter, 15>, 2> dispositions;  // [stream][state]
  gauge failover_budget_remaining;
  counter failover_budget_refusals;
  std::array<gauge, 2> ready;  // recipients in memory, allowed to start
  std::array<gauge, 2> oldest_message_age_seconds;
  counter dsn_total;
  counter shadow_copies_total;
  counter dsn_delayed_total;
  counter dsn_suppressed_total;
  counter poison_total;
  gauge suppression_entries;
  std::array<counter, spool::all_suppression_reasons.size()> suppression_hits;

 private:
  metric_registry& registry_;
  std::map<std::string, destination_metrics, std::less<>> destinations_;
  std::map<std::string, counter, std::less<>> failovers_;
  std::map<std::string, counter, std::less<>> invariant_holds_;
  std::map<std::string, counter, std::less<>> policy_errors_;
};

}  // namespace stellwerk::delivery
