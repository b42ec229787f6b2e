// policy: the compiled, immutable rule book. Made by compile(), shared between threads, swapped whole by a reload.
//
// Decisions depend only on (facts, history, live state, now, policy): no random source, ids break ties.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "policy/decision.hpp"
#include "policy/fact_schema.hpp"
#include "policy/facts.hpp"
#include "policy/history.hpp"
#include "policy/live_state.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

// What admission knows of the client when it classifies.
struct classify_request {
  const message_facts* message = nullptr;
  std::optional<mail::traffic_stream> pin;        // the client's
  std::optional<mail::traffic_stream> requested;  // explicit field or header, already permitted
  std::optional<mail::traffic_stream> client_default;
  std::string_view content;  // whole; read in bounded time by the built-in signals
};

struct fired_signal {
  std::string_view name;
  mail::traffic_stream points_to = mail::traffic_stream::transactional;
  double weight = 0;
};

struct classification {
  mail::traffic_stream stream = mail::traffic_stream::transactional;
  mail::stream_source source = mail::stream_source::default_choice;
  std::string reason;  // "rule bulk-headers", "pinned by client shop; signals say marketing", ...
  bool contradicts_pin = false;
  std::vector<fired_signal> signals;  // filled when the signals were looked at
};

struct preflight_verdict {
  bool accepted = true;
  std::string rule;           // the refusing rule or filter
  std::string reason;         // text for the client
  bool size_refused = false;  // 552 5.3.4 rather than 550 5.7.1
};

// Who may submit, as far as rules can name them.
struct known_client {
  std::string name;
  std::string tenant;
};

// Something that compiles and cannot be meant.
struct policy_finding {
  enum class severity : std::uint8_t { warning, fault };
  severity weight = severity::warning;
  std::string path;
  std::string reason;
};

class policy {
 public:
  struct impl;
  explicit policy(std::unique_ptr<impl> body);
  ~policy();
  policy(const policy&) = delete;
  policy& operator=(const policy&) = delete;

  // SHA-256 hex of the canonical configuration; names the version in attempts and metrics.
  [[nodiscard]] const std::string& version() const;
  [[nodiscard]] std::span<const destination_traits> destinations() const;
  [[nodiscard]] std::span<const route_config> routes() const;
  [[nodiscard]] std::span<const limit_config> limits() const;
  // What a limit is called over reloads: its route's name and its place in the tree. Parallel to limits().
  [[nodiscard]] std::span<const std::string> limit_names() const;
  // The lowest thresholds of the `spill` nodes above a destination; none if there is no such node.
  [[nodiscard]] const std::optional<spill_config>& spill_of(std::size_t destination) const;
  [[nodiscard]] const policy_config& config() const;

  [[nodiscard]] classification classify(const classify_request& request) const;

  // Without live state, attempt, age and now: the same for every moment (architecture section 3).
  [[nodiscard]] preflight_verdict preflight(const facts& about) const;

  [[nodiscard]] decision decide(const facts& about, const history& past, const live_state& live, time_point now) const;

  // What a lane is made of: the ordered destinations left after invariants and capabilities, none when the recipient is
  // held or refused; and the route that says so, as in decision::route.
  struct lane_choice {
    std::vector<std::uint16_t> candidates;
    std::size_t route = 0;
  };
  [[nodiscard]] lane_choice lane_of(const facts& about) const;
  [[nodiscard]] std::vector<std::uint16_t> lane_candidates(const facts& about) const {
    return lane_of(about).candidates;
  }

  // The tree of a route, one line a node: "failover(onprem, limit(rate 50/s, mailjet))".
  [[nodiscard]] std::string describe(std::size_t route) const;

  // Where conditions stand: the rule paths that take_errors() may name.
  [[nodiscard]] std::vector<std::string> condition_paths() const;

  // What can never happen: rules that are never reached, conditions that are never true, invariants that no destination
  // meets, routes that an invariant leaves nothing of; and mail that may match no route.
  [[nodiscard]] std::vector<policy_finding> lint(std::span<const known_client> clients) const;

  // The conditions (by path) that read one of these variables.
  [[nodiscard]] std::vector<std::string> conditions_naming(std::span<const fact_slot> slots) const;

  // The invariant that keeps this message from the destination; "" if none does.
  [[nodiscard]] std::string_view forbidden_by(const facts& about, std::uint16_t destination) const;

  // The invariants that a report on this message inherits by name: those that choose among destinations, by what the
  // report does not share with it, and apply to it, an evaluation error included. In the second form nobody may look at
  // the message: all that may.
  [[nodiscard]] std::vector<std::string> binding_invariants(const facts& about) const;
  [[nodiscard]] std::vector<std::string> binding_invariants() const;

  // How often an evaluation error happened, by rule path, since the last call (counted, logged once per rule).
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> take_errors() const;

 private:
  std::unique_ptr<impl> impl_;
};

// Every fault at once.
[[nodiscard]] std::variant<std::shared_ptr<const policy>, std::vector<policy_fault>> compile(
    const policy_config& config, const std::vector<destination_traits>& destinations);

}  // namespace stellwerk::policy
