// discard: takes the mail and throws it away. It stands alone or in a branch of a switch, never behind a destination:
// what only waits must not be lost.
#pragma once

#include "base/text.hpp"
#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class discard_node final : public route_node {
 public:
  explicit discard_node(std::string reason) : reason_{std::move(reason)} {}
  void propose(const facts&, const history&, const live_state&, time_point, proposal& out) const override {
    out.end_with(proposal::ending::discard, reason_);
  }
  void describe(std::string& out) const override {
    out += "discard(";
    append_json_string(out, reason_);
    out += ')';
  }

 private:
  std::string reason_;
};

}  // namespace stellwerk::policy
