// The router's answer for one recipient: what to do, where, and why not elsewhere. `explain` prints exactly this, and
// the attempt stores what came of it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "policy/live_state.hpp"
#include "policy/policy_config.hpp"

namespace stellwerk::policy {

enum class action : std::uint8_t {
  deliver,   // at least one candidate is chosen
  wait,      // candidates remain, none is available now
  hold,      // no candidate left after invariants, or a hold node
  refuse,    // a refuse node
  discard,   // a discard node: accepted, and never sent
  suppress,  // the recipient is on the suppression list, whatever the route says
};
[[nodiscard]] std::string_view to_string(action what);

enum class verdict : std::uint8_t { chosen, standby, filtered, unavailable };
[[nodiscard]] std::string_view to_string(verdict what);

// Which way of a destination an attempt takes.
enum class way : std::uint8_t { main, relay };

struct candidate {
  std::uint16_t destination = 0;  // index in policy::destinations()
  policy::way way = policy::way::main;
  policy::verdict verdict = policy::verdict::standby;
  candidate_reason reason = candidate_reason::none;
  bool panic = false;                  // chosen although ejected
  std::vector<std::uint16_t> limits;   // indices of the `limit` nodes above it; reserve() takes from each
  std::vector<std::uint16_t> shadows;  // destinations that get a copy when this one is chosen
  bool overflows = false;      // a `spill` node above it: what finds it full or throttled goes on instead of waiting
  std::string detail;          // "envelope_differs_from_headers", "size 31457280 > 15728640" ...
  std::string_view invariant;  // name, views the policy
};

struct decision {
  policy::action action = policy::action::hold;
  std::string action_reason;   // "no_destination_available", "invariant:NAME", the hold node's text, the refusing rule,
                               // "suppression:REASON"
  bool ended_by_node = false;  // hold, refuse, discard: a node of the route says so, rather than what was filtered
  std::size_t route = std::numeric_limits<std::size_t>::max();  // index in policy::routes(); max: no route matched
  std::vector<candidate> candidates;  // every destination the route names, in order; at most one chosen
  // Of the chosen one: each gets a copy in its sandbox with the first attempt, unless it is filtered.
  std::vector<candidate> shadows;

  [[nodiscard]] const candidate* chosen() const {
    for (const candidate& one : candidates) {
      if (one.verdict == verdict::chosen) return &one;
    }
    return nullptr;
  }
};

}  // namespace stellwerk::policy
