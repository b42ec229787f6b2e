// The order in which a traffic stream is decided, and what is told about it.
#include <gtest/gtest.h>

#include "tests/unit/policy/core/sample.hpp"

namespace stellwerk::policy {
namespace {

using mail::stream_source;
using mail::traffic_stream;

class classify_test : public ::testing::Test {
 protected:
  classify_test() { sample_.route("all", to_destination("onprem")); }
  classification classify() {
    const auto rules = sample_.compiled();
    request_.message = &message_.message();
    request_.content = *message_.submission().content;
    return rules->classify(request_);
  }
  void make_it_bulk() {
    message_.header("List-Unsubscribe: <https://shop.example/u>, <mailto:u@shop.example>")
        .header("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
        .header("Precedence: bulk")
        .header("List-Id: news <news.shop.example>");
  }

  sample_policy sample_;
  sample_message message_;
  classify_request request_;
};

TEST_F(classify_test, without_any_hint_it_is_otherwise) {
  sample_.config().otherwise = traffic_stream::marketing;
  const auto made = classify();
  EXPECT_EQ(made.stream, traffic_stream::marketing);
  EXPECT_EQ(made.source, stream_source::default_choice);
  EXPECT_EQ(made.reason, "otherwise");
}

TEST_F(classify_test, the_client_s_default_comes_before_otherwise) {
  request_.client_default = traffic_stream::marketing;
  const auto made = classify();
  EXPECT_EQ(made.stream, traffic_stream::marketing);
  EXPECT_EQ(made.source, stream_source::default_choice);
  EXPECT_EQ(made.reason, "default of client shop");
}

TEST_F(classify_test, signals_come_before_the_client_s_default) {
  make_it_bulk();
  request_.client_default = traffic_stream::transactional;
  const auto made = classify();
  EXPECT_EQ(made.stream, traffic_stream::marketing);
  EXPECT_EQ(made.source, stream_source::signal);
  EXPECT_FALSE(made.signals.empty());
  EXPECT_TRUE(made.reason.starts_with("signals ")) << made.reason;
}

TEST_F(classify_test, rules_come_before_signals_and_the_first_match_wins) {
  make_it_bulk();
  sample_.rule("no", "false", traffic_stream::marketing);
  sample_.rule("receipts", "subject == \"Hello\"", traffic_stream::transactional);
  sample_.rule("bulk", "\"list-unsubscribe\" in header", traffic_stream::marketing);
  const auto made = classify();
  EXPECT_EQ(made.stream, traffic_stream::transactional);
  EXPECT_EQ(made.source, stream_source::rule);
  EXPECT_EQ(made.reason, "rule receipts");
}

TEST_F(classify_test, a_rule_that_fails_does_not_match_and_is_counted) {
  sample_.rule("broken", "headers[\"x-absent\"][0] == \"a\"", traffic_stream::marketing);
  const auto rules = sample_.compiled();
  request_.message = &message_.message();
  request_.content = *message_.submission().content;
  EXPECT_EQ(rules->classify(request_).stream, traffic_stream::transactional);
  EXPECT_EQ(rules->take_errors().at(0).first, "policy.classify.rules[0].when");
}

TEST_F(classify_test, an_explicit_choice_comes_before_rules) {
  sample_.rule("receipts", "true", traffic_stream::transactional);
  request_.requested = traffic_stream::marketing;
  const auto made = classify();
  EXPECT_EQ(made.stream, traffic_stream::marketing);
  EXPECT_EQ(made.source, stream_source::explicit_choice);
}

TEST_F(classify_test, a_pin_comes_first) {
  request_.pin = traffic_stream::transactional;
  const auto made = classify();
  EXPECT_EQ(made.source, stream_source::pin);
  EXPECT_EQ(made.reason, "pinned by client shop");
  EXPECT_FALSE(made.contradicts_pin);
}

TEST_F(classify_test, a_contradiction_keeps_the_pin_and_is_told) {
  request_.pin = traffic_stream::transactional;
  request_.requested = traffic_stream::marketing;
  auto made = classify();
  EXPECT_EQ(made.stream, traffic_stream::transactional);
  EXPECT_TRUE(made.contradicts_pin);
  EXPECT_EQ(made.reason, "pinned by client shop; the message says marketing");

  request_.requested.reset();
  make_it_bulk();
  made = classify();
  EXPECT_EQ(made.stream, traffic_stream::transactional);
  EXPECT_TRUE(made.contradicts_pin);
  EXPECT_TRUE(made.reason.starts_with("pinned by client shop; signals ")) << made.reason;

  sample_.rule("bulk", "\"list-id\" in header", traffic_stream::marketing);
  made = classify();
  EXPECT_EQ(made.reason, "pinned by client shop; rule bulk says marketing");
}

TEST_F(classify_test, what_agrees_with_the_pin_is_no_contradiction) {
  make_it_bulk();
  request_.pin = traffic_stream::marketing;
  const auto made = classify();
  EXPECT_FALSE(made.contradicts_pin);
  EXPECT_EQ(made.reason, "pinned by client shop");
}

}  // namespace
}  // namespace stellwerk::policy
