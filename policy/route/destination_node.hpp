// destination: a leaf that offers one configured destination.
#pragma once

#include "policy/route/route_node.hpp"

namespace stellwerk::policy {

class destination_node final : public route_node {
 public:
  destination_node(std::uint16_t index, std::string name) : index_{index}, name_{std::move(name)} {}
  void propose(const facts&, const history&, const live_state&, time_point, proposal& out) const override {
    out.offer(index_);
  }
  void describe(std::string& out) const override { out += name_; }

 private:
  std::uint16_t index_;
  std::string name_;
};

}  // namespace stellwerk::policy
