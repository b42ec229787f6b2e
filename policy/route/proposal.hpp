// proposal: what the nodes of a route write while they are asked, in the order of preference. decide() filters it and
// looks at live state; the nodes themselves change nothing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "policy/decision.hpp"

namespace stellwerk::policy {

class proposal {
 public:
  // What stands at the end of the candidates instead of another one.
  enum class ending : std::uint8_t { none, hold, refuse };

  // Appends a destination, under the limits that are open now. `reason` says why it is not simply the next in order.
  void offer(std::uint16_t destination, verdict standing = verdict::standby,
             candidate_reason reason = candidate_reason::none);
  // Nothing is appended after an ending.
  void end_with(ending what, std::string_view text);

  // Everything offered between these two lies below the limit.
  void enter_limit(std::uint16_t index, bool has_room);
  void leave_limit();

  [[nodiscard]] std::vector<candidate>& candidates() { return candidates_; }
  [[nodiscard]] const std::vector<candidate>& candidates() const { return candidates_; }
  [[nodiscard]] ending end() const { return ending_; }
  [[nodiscard]] std::string_view text() const { return text_; }  // the reason of a hold, the text of a refusal

 private:
  std::vector<candidate> candidates_;
  std::vector<std::uint16_t> open_limits_;
  std::vector<bool> full_limits_;
  ending ending_ = ending::none;
  std::string_view text_;
};

}  // namespace stellwerk::policy
