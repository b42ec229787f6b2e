// explain: a decision as the JSON of contracts section 5, and the live state that `--assume` sets. The same decisions
// as in the running gateway, printed.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/policy.hpp"

namespace stellwerk::policy {

struct explained_message {
  std::string client;
  std::string tenant;
  std::vector<std::string> recipients;
};

struct explained_recipient {
  std::string recipient;
  decision made;
};

// One JSON object on one line, without a line break.
[[nodiscard]] std::string explain_json(const policy& rules, const explained_message& message,
                                       const classification& stream, std::span<const explained_recipient> recipients);

// Who stands before the chosen one in a decision and why, for the attempt that follows from it: "onprem: ejected;
// ses: invariant home". Empty: the first choice was taken.
[[nodiscard]] std::string passed_over(const policy& rules, const decision& made);

// States by destination name: closed, open, half_open, drained, suspended, account_refused.
class assumed_live_state final : public live_state {
 public:
  struct assumption {
    std::string state = "closed";
    std::int64_t backlog = 0;
    double spent = 0;
    bool full = false;  // no connection or token free: what a `spill` node looks at
  };

  explicit assumed_live_state(const policy& rules)
      : statuses_(rules.destinations().size()), limits_{rules.limits().begin(), rules.limits().end()} {}
  // False if there is no such destination or state; `rules` is the policy given before.
  [[nodiscard]] bool assume(const policy& rules, std::string_view destination, const assumption& what);
  // Nobody may mail these; for the others `real` is asked, where there is one that outlives this.
  void assume_suppressed(const std::vector<std::string>& addresses);
  void keep_suppressions_of(const live_state& real) { real_ = &real; }

  [[nodiscard]] destination_status destination(std::size_t index, mail::traffic_stream) const override {
    return statuses_.at(index);
  }
  [[nodiscard]] candidate_reason pair(std::size_t, std::string_view) const override { return candidate_reason::none; }
  [[nodiscard]] bool sender_refused(std::size_t, std::string_view) const override { return false; }
  // A budget is used up by what is assumed to be spent there; the other limits are open.
  [[nodiscard]] bool limit_has_room(std::size_t limit_index, std::size_t destination) const override {
    const auto& budget = limits_.at(limit_index).budget;
    return !budget || statuses_.at(destination).spent < budget->amount;
  }
  [[nodiscard]] std::string_view suppressed(std::string_view tenant, std::string_view recipient,
                                            mail::traffic_stream stream, time_point now) const override;

 private:
  std::vector<destination_status> statuses_;
  std::vector<limit_config> limits_;
  std::set<std::string, std::less<>> suppressed_;  // mail::address_key
  const live_state* real_ = nullptr;
};

}  // namespace stellwerk::policy
