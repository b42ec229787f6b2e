// The policy as values: what the YAML of contracts section 1 says, before names are resolved and conditions compiled.
// `path` fields name the place in the configuration ("policy.routes[1].via[0]"); the loader maps them to line and
// column.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "mail/capabilities.hpp"
#include "mail/traffic_stream.hpp"

namespace stellwerk::policy {

struct money {
  double amount = 0;
  std::string currency;  // ISO 4217
  friend bool operator==(const money&, const money&) = default;
};

enum class split_by : std::uint8_t { recipient, message, campaign };

// So many messages on the n-th UTC day from `from` on, none before it, and no bound after the last one.
struct warmup_config {
  std::chrono::sys_days from{};
  std::vector<std::uint64_t> daily;
  friend bool operator==(const warmup_config&, const warmup_config&) = default;
};

// One bound of a `limit` or `warmup` node; exactly one is set.
struct limit_config {
  std::optional<double> rate_per_second;
  std::optional<std::uint32_t> concurrency;
  std::optional<std::uint64_t> per_day;
  std::optional<std::uint64_t> per_month;
  std::optional<money> budget;  // per month
  std::optional<warmup_config> warmup;
  friend bool operator==(const limit_config&, const limit_config&) = default;
};

// When a `spill` node lets mail go past what stands below it; at least one is set.
struct spill_config {
  std::optional<std::uint64_t> backlog;
  std::optional<duration> waited;
};

struct node_config {
  enum class kind : std::uint8_t {
    destination,
    failover,
    split,
    limit,
    hold,
    refuse,
    cheapest,
    spill,
    warmup,
    shadow,
    discard,
    switch_by,
  };
  kind what = kind::destination;
  std::string path;
  std::string name;  // destination; reason of hold and discard; text of refuse; whom a shadow copies to
  // failover, cheapest: in order. limit, spill, warmup, shadow: exactly one. switch: the case's, `otherwise` last.
  std::vector<node_config> children;
  std::vector<std::string> conditions;                  // switch: of all its children but the last
  std::vector<std::pair<std::string, double>> weights;  // split: destination name -> weight >= 0
  split_by by = split_by::recipient;
  limit_config limit;  // limit, warmup
  spill_config spill;
  double share = 1;  // shadow: of the mail
};

enum class on_unknown : std::uint8_t { same_destination, hold, duplicate_is_better };
enum class on_deferral : std::uint8_t { wait, next };
enum class on_deadline : std::uint8_t { next, drop };

[[nodiscard]] constexpr const char* to_string(on_unknown choice) {
  switch (choice) {
    case on_unknown::same_destination: return "same_destination";
    case on_unknown::hold: return "hold";
    case on_unknown::duplicate_is_better: return "duplicate_is_better";
  }
  return "same_destination";
}

struct route_config {
  std::string name;
  std::string path;
  std::string when;  // empty: always
  node_config via;
  std::optional<duration> deadline;
  policy::on_deadline on_deadline = policy::on_deadline::next;
  policy::on_unknown on_unknown = policy::on_unknown::same_destination;
  policy::on_deferral on_deferral = policy::on_deferral::wait;
  std::optional<duration> spill_after;  // throttled mail older than this may take the next candidate
};

struct classify_rule_config {
  std::string name;
  std::string path;
  std::string when;
  mail::traffic_stream stream = mail::traffic_stream::transactional;
};

struct invariant_config {
  std::string name;
  std::string path;
  std::string when;     // empty: always
  std::string only;     // condition over the candidate
  std::string require;  // or what the message must have: "one_click_unsubscribe"
};

struct retry_config {
  duration first{std::chrono::seconds{30}};
  double factor = 2;
  duration max{std::chrono::minutes{30}};
  duration lifetime{std::chrono::hours{24}};
};

struct health_config {
  std::uint32_t connect_failures = 2;
  std::uint32_t consecutive_failures = 5;
  double failure_ratio = 0.5;
  std::uint32_t minimum_attempts = 20;
  duration window{std::chrono::seconds{30}};
  duration latency_p95{
      std::chrono::seconds{10}};  // brown-out: p95 above this and above `latency_ratio` times the usual
  double latency_ratio = 5;
  duration ejection{std::chrono::seconds{30}};
  duration ejection_max{std::chrono::minutes{10}};
  duration slow_start{std::chrono::seconds{60}};
  duration probe_interval{std::chrono::seconds{5}};  // handshake probes of a destination out for connect failures
  friend bool operator==(const health_config&, const health_config&) = default;
};

struct failover_budget_config {
  double ratio = 0.2;              // of live first attempts
  double minimum_per_second = 10;  // always allowed
};

struct bounce_brake_config {
  double ratio = 0.5;
  std::uint32_t minimum = 50;
  duration window{std::chrono::seconds{60}};
};

struct unknown_wait_config {
  duration smtp{std::chrono::minutes{5}};
  duration api{std::chrono::minutes{15}};
  duration max{std::chrono::hours{4}};       // the doubling stops here
  duration give_up{std::chrono::hours{24}};  // unknown_wait_max
};

// What the router must know of a destination; the adapter's own settings live with the adapter.
struct destination_traits {
  std::string name;
  std::string adapter;  // "smtp", "mailjet"
  std::string zone;
  std::map<std::string, std::string> labels;
  mail::capabilities capabilities;                       // of its main way (the API of an ESP, the MTA)
  std::optional<mail::capabilities> relay_capabilities;  // of the vendor's SMTP relay, where one is configured
  std::vector<std::string> refused_fields;               // header fields the API refuses or rewrites, lower-case
  std::uint32_t connections = 20;                        // attempts in flight at most
  std::optional<double> rate_per_second;
  std::optional<std::uint64_t> backlog_max;
  std::optional<money> cost_per_thousand;
  std::optional<std::uint64_t> monthly_quota;
  std::vector<std::string> senders;  // header From addresses it may send for, as patterns; none: all
  bool can_sandbox = false;          // its main way can take a message without delivering it
  bool removed = false;              // tombstone: never chosen, still named by unknown or pinned recipients
};

struct policy_config {
  std::vector<classify_rule_config> classify_rules;
  mail::traffic_stream otherwise = mail::traffic_stream::transactional;
  std::vector<invariant_config> invariants;
  std::vector<route_config> routes;
  std::map<mail::traffic_stream, retry_config> retry{
      {mail::traffic_stream::transactional, {}},
      {mail::traffic_stream::marketing, {std::chrono::minutes{5}, 2, std::chrono::hours{4}, std::chrono::hours{72}}}};
  health_config health;
  failover_budget_config failover_budget;
  bounce_brake_config bounce_brake;
  unknown_wait_config unknown_wait;
};

// A fault found while compiling; `column` counts from 1 inside the expression at `path`, 0 if the whole value is meant.
struct policy_fault {
  std::string path;
  std::string reason;
  std::size_t column = 0;
};

}  // namespace stellwerk::policy
