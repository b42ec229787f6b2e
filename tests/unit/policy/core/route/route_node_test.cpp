// The nodes with fake children.
#include <memory>
#include <set>

#include <gtest/gtest.h>

#include "policy/route/destination_node.hpp"
#include "policy/route/failover_node.hpp"
#include "policy/route/hold_node.hpp"
#include "policy/route/limit_node.hpp"
#include "policy/route/refuse_node.hpp"
#include "policy/route/split_node.hpp"
#include "tests/unit/policy/core/sample.hpp"

namespace stellwerk::policy {
namespace {

class route_node_test : public ::testing::Test {
 protected:
  proposal ask(const route_node& node, const std::string& recipient = "ann@example.org") {
    proposal out;
    node.propose(message_.to(recipient).about(), past_, live_, sample_now, out);
    return out;
  }
  static std::vector<int> order(const proposal& from) {
    std::vector<int> out;
    for (const candidate& one : from.candidates()) out.push_back(one.destination);
    return out;
  }
  static route_node_ptr leaf(std::uint16_t index) {
    return std::make_unique<destination_node>(index, "d" + std::to_string(index));
  }
  template <class... Nodes>
  static std::vector<route_node_ptr> list(Nodes... nodes) {
    std::vector<route_node_ptr> out;
    (out.push_back(std::move(nodes)), ...);
    return out;
  }
  static std::string text_of(const route_node& node) {
    std::string out;
    node.describe(out);
    return out;
  }

  sample_message message_;
  history past_;
  sample_live_state live_;
};

TEST_F(route_node_test, a_destination_offers_itself) {
  const auto made = ask(*leaf(3));
  EXPECT_EQ(order(made), (std::vector<int>{3}));
  EXPECT_EQ(made.candidates()[0].verdict, verdict::standby);
}

TEST_F(route_node_test, a_failover_keeps_the_written_order) {
  const failover_node node{list(leaf(2), leaf(0), leaf(1))};
  EXPECT_EQ(order(ask(node)), (std::vector<int>{2, 0, 1}));
  EXPECT_EQ(text_of(node), "failover(d2, d0, d1)");
}

TEST_F(route_node_test, a_destination_named_twice_is_offered_once) {
  const failover_node node{list(leaf(0), leaf(1), leaf(0))};
  EXPECT_EQ(order(ask(node)), (std::vector<int>{0, 1}));
}

TEST_F(route_node_test, a_destination_under_another_limit_is_another_candidate) {
  limit_config rate;
  rate.rate_per_second = 50;
  const failover_node node{list(std::make_unique<limit_node>(std::uint16_t{0}, rate, leaf(0)), leaf(1), leaf(0))};
  EXPECT_EQ(order(ask(node)), (std::vector<int>{0, 1, 0}));
}

TEST_F(route_node_test, a_limit_names_itself_in_every_candidate_below) {
  limit_config rate;
  rate.rate_per_second = 50;
  limit_config outer;
  outer.per_day = 1000;
  const limit_node node{
      7, outer,
      std::make_unique<failover_node>(list(leaf(1), std::make_unique<limit_node>(std::uint16_t{8}, rate, leaf(2))))};
  const auto made = ask(node);
  EXPECT_EQ(made.candidates()[0].limits, (std::vector<std::uint16_t>{7}));
  EXPECT_EQ(made.candidates()[1].limits, (std::vector<std::uint16_t>{7, 8}));
  EXPECT_EQ(text_of(node), "limit(per_day 1000, failover(d1, limit(rate 50/s, d2)))");
}

TEST_F(route_node_test, a_full_limit_makes_everything_below_it_unavailable) {
  live_.full_limits[7] = true;
  const failover_node node{list(std::make_unique<limit_node>(std::uint16_t{7}, limit_config{}, leaf(1)), leaf(2))};
  const auto made = ask(node);
  EXPECT_EQ(made.candidates()[0].verdict, verdict::unavailable);
  EXPECT_EQ(made.candidates()[0].reason, candidate_reason::limit);
  EXPECT_EQ(made.candidates()[1].verdict, verdict::standby);
}

TEST_F(route_node_test, nothing_follows_a_hold) {
  const failover_node node{list(leaf(1), std::make_unique<hold_node>("look at it"), leaf(2))};
  const auto made = ask(node);
  EXPECT_EQ(order(made), (std::vector<int>{1}));
  EXPECT_EQ(made.end(), proposal::ending::hold);
  EXPECT_EQ(made.text(), "look at it");
  EXPECT_EQ(text_of(node), "failover(d1, hold(\"look at it\"), d2)");
}

TEST_F(route_node_test, a_refusal_has_its_text) {
  const refuse_node node{"not here"};
  const auto made = ask(node);
  EXPECT_EQ(made.end(), proposal::ending::refuse);
  EXPECT_EQ(made.text(), "not here");
  EXPECT_EQ(text_of(node), "refuse(\"not here\")");
}

class split_node_test : public route_node_test {
 protected:
  static split_node a_split_of(std::vector<double> weights, split_by by = split_by::recipient) {
    std::vector<split_node::member> members;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      members.push_back({static_cast<std::uint16_t>(i), "d" + std::to_string(i), weights[i]});
    }
    return split_node{std::move(members), by};
  }
  // Built once: analysing a message per draw would be the whole time of the test.
  int first_of(const split_node& node, const std::string& recipient) {
    proposal out;
    node.propose(make_facts(shared_, mail::traffic_stream::marketing, recipient), past_, live_, sample_now, out);
    return out.candidates()[0].destination;
  }
  const message_facts& shared_ = message_.message();
};

TEST_F(split_node_test, shares_by_weight) {
  const auto node = a_split_of({95, 5});
  int second = 0;
  for (int i = 0; i < 20'000; ++i) second += first_of(node, "user" + std::to_string(i) + "@example.org");
  EXPECT_NEAR(second, 1000, 120);
}

TEST_F(split_node_test, three_members_share_by_weight) {
  const auto node = a_split_of({1, 2, 1});
  std::map<int, int> count;
  for (int i = 0; i < 20'000; ++i) ++count[first_of(node, "user" + std::to_string(i) + "@example.org")];
  EXPECT_NEAR(count[0], 5000, 300);
  EXPECT_NEAR(count[1], 10'000, 300);
  EXPECT_NEAR(count[2], 5000, 300);
}

TEST_F(split_node_test, a_change_of_weights_moves_only_the_difference) {
  const auto before = a_split_of({50, 50});
  const auto after = a_split_of({50, 100});
  int moved = 0;
  int moved_back = 0;
  for (int i = 0; i < 12'000; ++i) {
    const std::string recipient = "user" + std::to_string(i) + "@example.org";
    const int was = first_of(before, recipient);
    const int is = first_of(after, recipient);
    if (was == 0 && is == 1) ++moved;
    if (was == 1 && is == 0) ++moved_back;
  }
  EXPECT_EQ(moved_back, 0);
  EXPECT_NEAR(moved, 2000, 200) << "a half becomes two thirds";
}

TEST_F(split_node_test, the_same_recipient_goes_the_same_way_whatever_the_case_of_the_letters) {
  const auto node = a_split_of({1, 1});
  for (int i = 0; i < 200; ++i) {
    const std::string tail = std::to_string(i) + "@example.org";
    EXPECT_EQ(first_of(node, "ann" + tail), first_of(node, "ANN" + tail));
  }
}

TEST_F(split_node_test, members_not_drawn_stand_by_with_the_reason_weight) {
  const auto made = ask(a_split_of({1, 1, 1}));
  ASSERT_EQ(made.candidates().size(), 3U);
  EXPECT_EQ(made.candidates()[0].reason, candidate_reason::none);
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_EQ(made.candidates()[i].verdict, verdict::standby);
    EXPECT_EQ(made.candidates()[i].reason, candidate_reason::weight);
  }
}

TEST_F(split_node_test, weight_zero_drains) {
  for (int i = 0; i < 50; ++i) {
    const auto made = ask(a_split_of({0, 1}), "user" + std::to_string(i) + "@example.org");
    EXPECT_EQ(order(made), (std::vector<int>{1, 0}));
    EXPECT_EQ(made.candidates()[1].verdict, verdict::filtered);
    EXPECT_EQ(made.candidates()[1].reason, candidate_reason::weight);
  }
}

TEST_F(split_node_test, by_campaign_all_recipients_go_one_way) {
  const auto node = a_split_of({1, 1}, split_by::campaign);
  message_.campaign("spring");
  std::set<int> ways;
  for (int i = 0; i < 50; ++i) ways.insert(order(ask(node, "user" + std::to_string(i) + "@example.org"))[0]);
  EXPECT_EQ(ways.size(), 1U);
}

TEST_F(split_node_test, without_a_campaign_mail_is_shared_by_recipient) {
  const auto node = a_split_of({1, 1}, split_by::campaign);
  std::set<int> ways;
  for (int i = 0; i < 50; ++i) ways.insert(first_of(node, "user" + std::to_string(i) + "@example.org"));
  EXPECT_EQ(ways.size(), 2U);
}

// Written down: another draw after an upgrade would send campaigns over the other provider.
TEST_F(split_node_test, the_draw_never_changes_between_versions) {
  const auto node = a_split_of({1, 1});
  std::string draw;
  for (int i = 0; i < 24; ++i)
    draw += static_cast<char>('0' + first_of(node, "user" + std::to_string(i) + "@example.org"));
  EXPECT_EQ(draw, "101101110111101101011000");
}

TEST_F(split_node_test, describes_itself) {
  EXPECT_EQ(text_of(a_split_of({95, 5})), "split(d0 95, d1 5 by recipient)");
}

}  // namespace
}  // namespace stellwerk::policy
