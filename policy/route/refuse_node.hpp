// refuse: answers at the door, where no destination before it may carry the message. Accepted mail that would meet it
// after a reload is held, never bounced.
#pragma once

#include "base/text.hpp"
#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class refuse_node final : public route_node {
 public:
  explicit refuse_node(std::string text) : text_{std::move(text)} {}
  void propose(const facts&, const history&, const live_state&, time_point, proposal& out) const override {
    out.end_with(proposal::ending::refuse, text_);
  }
  void describe(std::string& out) const override {
    out += "refuse(";
    append_json_string(out, text_);
    out += ')';
  }

 private:
  std::string text_;
};

}  // namespace stellwerk::policy
