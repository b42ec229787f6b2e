#include "gateway/ingress/smtp/connection_limits.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace stellwerk::ingress::smtp {
namespace {

using verdict = connection_limits::verdict;

TEST(connection_limits, counts_by_listener_and_peer) {
  connection_limits limits;
  smtp_listener_config listener;
  listener.name = "relay";
  listener.connections_max = 3;
  listener.connections_per_client = 2;
  std::vector<connection_limits::entry> open;
  open.push_back(limits.enter(listener, "10.0.0.1"));
  open.push_back(limits.enter(listener, "10.0.0.1"));
  EXPECT_EQ(open.back().outcome, verdict::entered);
  EXPECT_EQ(limits.enter(listener, "10.0.0.1").outcome, verdict::too_many_from_peer);
  open.push_back(limits.enter(listener, "10.0.0.2"));
  EXPECT_EQ(limits.enter(listener, "10.0.0.3").outcome, verdict::too_many);
  open.clear();
  EXPECT_EQ(limits.enter(listener, "10.0.0.1").outcome, verdict::entered);
}

TEST(connection_limits, listeners_do_not_share) {
  connection_limits limits;
  smtp_listener_config one;
  one.name = "one";
  one.connections_max = 1;
  smtp_listener_config two = one;
  two.name = "two";
  const auto first = limits.enter(one, "10.0.0.1");
  EXPECT_EQ(limits.enter(two, "10.0.0.1").outcome, verdict::entered);
  EXPECT_EQ(limits.enter(one, "10.0.0.1").outcome, verdict::too_many);
}

}  // namespace
}  // namespace stellwerk::ingress::smtp
