// Read-only view of health, backlog and spending that decisions see. Made by the destination table in the running
// gateway, by `--assume` in explain, by generators in property tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "mail/traffic_stream.hpp"

namespace stellwerk::policy {

// Why a candidate was not chosen; the closed set of contracts section 5.
enum class candidate_reason : std::uint8_t {
  none,
  invariant,
  capability,
  ejected,
  account_refused,
  sender_refused,
  throttled,
  drained,
  suspended,
  limit,
  quota,
  weight,
  budget,
  pinned_elsewhere,
  already_rejected,
};
[[nodiscard]] std::string_view to_string(candidate_reason reason);

struct destination_status {
  candidate_reason unavailable = candidate_reason::none;  // none: may be tried
  bool panic_allowed = false;                             // ejected by ratio or latency only: panic may ignore the mark
  bool full = false;                                      // no connection or token free at this moment
  std::int64_t backlog = 0;                               // recipients in line whose first destination it is
  duration waited{0};  // how long the first of them that is due has waited for its turn
  double spent = 0;    // this month, in its currency
};

// Destinations are indexed as in policy::destinations().
class live_state {
 public:
  virtual ~live_state() = default;
  // As mail of this stream finds it: what is left of a destination on its way back may be kept for the other one.
  [[nodiscard]] virtual destination_status destination(std::size_t index, mail::traffic_stream stream) const = 0;
  // The (destination, mailbox provider) pair: ejected or throttled, else none.
  [[nodiscard]] virtual candidate_reason pair(std::size_t index, std::string_view mailbox_provider) const = 0;
  // The (destination, header_from domain) pair is out after refused_sender.
  [[nodiscard]] virtual bool sender_refused(std::size_t index, std::string_view header_from_domain) const = 0;
  // Whether the `limit` or `warmup` node has room for one recipient at `destination`; what exceeds goes on to the next
  // candidate.
  [[nodiscard]] virtual bool limit_has_room(std::size_t limit_index, std::size_t destination) const = 0;
  // Why this recipient must not get mail of this stream now, as a word; "": it may. Nothing of a policy passes it.
  [[nodiscard]] virtual std::string_view suppressed(std::string_view /*tenant*/, std::string_view /*recipient*/,
                                                    mail::traffic_stream /*stream*/, time_point /*now*/) const {
    return {};
  }
};

// Everything is available: preflight and unit tests.
class ideal_live_state final : public live_state {
 public:
  [[nodiscard]] destination_status destination(std::size_t, mail::traffic_stream) const override { return {}; }
  [[nodiscard]] candidate_reason pair(std::size_t, std::string_view) const override { return candidate_reason::none; }
  [[nodiscard]] bool sender_refused(std::size_t, std::string_view) const override { return false; }
  [[nodiscard]] bool limit_has_room(std::size_t, std::size_t) const override { return true; }
};

}  // namespace stellwerk::policy
