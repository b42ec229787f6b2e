// hold: keeps the mail for an operator, where nothing before it is available.
#pragma once

#include "base/text.hpp"
#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class hold_node final : public route_node {
 public:
  explicit hold_node(std::string reason) : reason_{std::move(reason)} {}
  void propose(const facts&, const history&, const live_state&, time_point, proposal& out) const override {
    out.end_with(proposal::ending::hold, reason_);
  }
  void describe(std::string& out) const override {
    out += "hold(";
    append_json_string(out, reason_);
    out += ')';
  }

 private:
  std::string reason_;
};

}  // namespace stellwerk::policy
