// proposal: what the nodes of a route write while they are asked, in the order of preference. decide() filters it and
// looks at live state; the nodes themselves change nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "policy/decision.hpp"

namespace stellwerk::policy {

class proposal {
 public:
  // What stands at the end of the candidates instead of another one.
  enum class ending : std::uint8_t { none, hold, refuse, discard };

  // Appends a destination, under what is open now. `reason` says why it is not simply the next in order.
  void offer(std::uint16_t destination, verdict standing = verdict::standby,
             candidate_reason reason = candidate_reason::none);
  // Nothing is appended after an ending.
  void end_with(ending what, std::string_view text);

  // Everything offered between enter and leave lies below that node. `when_full` is the reason of those it stops.
  void enter_limit(std::uint16_t index, candidate_reason when_full, const live_state& live);
  void leave_limit();
  void enter_spill(const spill_config& thresholds, const live_state& live, mail::traffic_stream stream);
  void leave_spill();
  void enter_shadow(std::uint16_t destination) { open_shadows_.push_back(destination); }
  void leave_shadow() { open_shadows_.pop_back(); }

  [[nodiscard]] std::vector<candidate>& candidates() { return candidates_; }
  [[nodiscard]] const std::vector<candidate>& candidates() const { return candidates_; }
  [[nodiscard]] ending end() const { return ending_; }
  [[nodiscard]] std::string_view text() const { return text_; }  // the reason of a hold, the text of a refusal

 private:
  struct open_limit {
    candidate_reason when_full;
    const live_state* live;
  };
  struct open_spill {
    const spill_config* thresholds;
    const live_state* live;
    mail::traffic_stream stream;
  };

  std::vector<candidate> candidates_;
  std::vector<std::uint16_t> limits_;  // parallel to open_limits_
  std::vector<open_limit> open_limits_;
  std::vector<open_spill> open_spills_;
  std::vector<std::uint16_t> open_shadows_;
  ending ending_ = ending::none;
  std::string_view text_;
};

// Whether `status` is beyond one of the thresholds: mail may go past that destination.
[[nodiscard]] bool is_beyond(const spill_config& thresholds, const destination_status& status);

}  // namespace stellwerk::policy
