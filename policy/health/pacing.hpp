// Pacing: the bounds of a destination or a `limit` node as counters that are taken from before an attempt and given
// back when it was not made. Rates by steady time, quotas by UTC calendar periods of wall time. Thread rule: one owner.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

// Holds at most one second's worth (at least one token); starts full.
class token_bucket {
 public:
  explicit token_bucket(double rate_per_second);

  [[nodiscard]] bool has(double tokens, steady_point now) const;
  [[nodiscard]] bool take(double tokens, steady_point now);
  void give_back(double tokens);
  // When `tokens` will be there; now if they are.
  [[nodiscard]] steady_point available_at(double tokens, steady_point now) const;

 private:
  [[nodiscard]] double level(steady_point now) const;

  double rate_;
  double burst_;
  double tokens_;
  std::optional<steady_point> filled_at_;
};

enum class quota_period : std::uint8_t { day, month };

// What a quota has used in a period: 20261124 names a day, 202611 a month.
struct quota_mark {
  std::uint32_t period = 0;
  double used = 0;
};

// Counts an amount (messages or money) within a calendar period. What was used survives a restart by promise() and
// restore().
class quota {
 public:
  quota(quota_period period, double allowed) : period_{period}, allowed_{allowed} {}

  void allow(double amount) { allowed_ = amount; }
  [[nodiscard]] bool has(double amount, time_point now) const;
  [[nodiscard]] bool take(double amount, time_point now);
  void give_back(double amount, time_point taken);
  [[nodiscard]] double used(time_point now) const;
  // Names the period: 20261124 for a day, 202611 for a month.
  [[nodiscard]] static std::uint32_t period_key(quota_period period, time_point now);
  void restore(double used, std::uint32_t period_key);

  // What the store must say before the last take() is acted on; none while the last answer covers it. It runs ahead by
  // a 64th, so that few attempts need one: after a crash too much counts as used, never too little.
  [[nodiscard]] std::optional<quota_mark> promise();
  void forget_promise() { promised_ = {}; }  // it may not have been stored
  [[nodiscard]] quota_mark mark() const { return {key_, used_}; }
  [[nodiscard]] bool differs_from_promise() const {
    return key_ != 0 && (promised_.period != key_ || promised_.used != used_);
  }
  void promised(const quota_mark& what) { promised_ = what; }

 private:
  quota_mark promised_;
  quota_period period_;
  double allowed_;
  double used_ = 0;
  std::uint32_t key_ = 0;
};

// What one attempt takes from a gate.
struct pacing_cost {
  std::uint32_t recipients = 1;
  double money = 0;  // in the gate's currency
};

// The state of one `limit` node, or of the limits of one destination put together from several.
class limit_gate {
 public:
  explicit limit_gate(const limit_config& config);
  // Other numbers for the same kind of bound: what was used and what is under way go on.
  void change(const limit_config& config);

  [[nodiscard]] bool has_room(const pacing_cost& cost, steady_point steady, time_point wall) const;
  [[nodiscard]] bool take(const pacing_cost& cost, steady_point steady, time_point wall);
  // The attempt ended: the concurrency slot is free, and of the quota what handed nothing over.
  void finish(const pacing_cost& not_used, time_point taken);
  // The attempt was never made.
  void give_back(const pacing_cost& cost, time_point taken);

  [[nodiscard]] std::uint32_t in_flight() const { return in_flight_; }
  [[nodiscard]] double used(time_point wall) const;                       // of the quota or budget; 0 if it has none
  [[nodiscard]] quota* counted() { return quota_ ? &*quota_ : nullptr; }  // what must survive a restart, if anything

 private:
  [[nodiscard]] double amount(const pacing_cost& cost) const;

  limit_config config_;
  std::optional<token_bucket> rate_;
  std::optional<quota> quota_;
  std::uint32_t in_flight_ = 0;
};

}  // namespace stellwerk::policy
