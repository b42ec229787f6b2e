#include "adapters/esp/esp_adapter.hpp"

#include <gtest/gtest.h>

#include "adapters/esp/mailjet/mailjet_mapping.hpp"
#include "tests/support/run_for_test.hpp"
#include "tests/unit/adapters/esp/mailjet/message_samples.hpp"

namespace stellwerk::adapters::esp {
namespace {

using mail::attempt_outcome;
using mail::attempt_stage;
namespace support = stellwerk::test;

class fake_client final : public net::http_client {
 public:
  async::awaitable<net::http_exchange> send(net::http_request request, steady_point deadline) override {
    requests.push_back(std::move(request));
    last_deadline = deadline;
    co_return next;
  }
  net::http_exchange next;
  std::vector<net::http_request> requests;
  steady_point last_deadline{};
};

class fake_relay final : public adapter {
 public:
  async::awaitable<attempt_report> deliver(attempt what) override {
    attempt_report report;
    mail::recipient_outcome taken;
    taken.outcome = attempt_outcome::delivered;
    taken.reply = "by relay";
    report.recipients.assign(what.recipients.size(), taken);
    attempts.push_back(std::move(what));
    co_return report;
  }
  async::awaitable<probe_report> probe(steady_point) override { co_return probe_report{}; }
  async::awaitable<lookup_report> look_up(std::string, std::string, steady_point) override {
    co_return lookup_report{};
  }
  void close_idle() override { closed_idle = true; }
  std::vector<attempt> attempts;
  bool closed_idle = false;
};

class esp_adapter_test : public ::testing::Test {
 protected:
  esp_adapter& adapter(bool with_relay = true) {
    auto client = std::make_unique<fake_client>();
    client_ = client.get();
    client_->next = std::move(planned_);
    std::unique_ptr<fake_relay> relay;
    if (with_relay) relay = std::make_unique<fake_relay>();
    relay_ = relay.get();
    esp_endpoint endpoint;
    endpoint.host = "api.example:443";
    endpoint.path = "/mailjet";
    endpoint.timeout = std::chrono::seconds{33};
    adapter_ = std::make_unique<esp_adapter>(
        endpoint, std::make_unique<mailjet::mailjet_mapping>(mailjet::account{"k", "s", false}), std::move(client),
        std::move(relay), clock_);
    return *adapter_;
  }
  void plan(net::http_stage stage, int status = 0, std::string body = {}) {
    planned_.stage = stage;
    planned_.response.status = status;
    planned_.response.body = std::move(body);
    planned_.failure = error{errc::closed, "http"};
  }
  attempt_report deliver(attempt what, bool with_relay = true) {
    return support::run_for_test(context_, adapter(with_relay).deliver(std::move(what)));
  }

  async::io_context context_;
  manual_clock clock_;
  net::http_exchange planned_;
  fake_client* client_ = nullptr;
  fake_relay* relay_ = nullptr;
  std::unique_ptr<esp_adapter> adapter_;
};

TEST_F(esp_adapter_test, api_way_sends_one_request_below_the_base_path) {
  plan(net::http_stage::answered, 200,
       R"({"Messages":[{"Status":"success","To":[{"Email":"ann@example.com","MessageID":104427216766056450}]}]})");
  const attempt_report report = deliver(mailjet::test::to_one());
  ASSERT_EQ(report.recipients.size(), 1U);
  EXPECT_EQ(report.recipients[0].outcome, attempt_outcome::delivered);
  EXPECT_EQ(report.recipients[0].vendor_message_id, "104427216766056450");
  EXPECT_EQ(report.host, "api.example:443");
  ASSERT_EQ(client_->requests.size(), 1U);
  EXPECT_EQ(client_->requests[0].target, "/mailjet/v3.1/send");
  EXPECT_EQ(client_->last_deadline, clock_.steady() + std::chrono::seconds{33});
  EXPECT_TRUE(relay_->attempts.empty());
}

TEST_F(esp_adapter_test, how_far_the_request_went_decides) {
  struct row {
    net::http_stage stage;
    attempt_outcome outcome;
    bool connect_class;
  };
  for (const row& one : {row{net::http_stage::not_connected, attempt_outcome::deferred_destination, true},
                         row{net::http_stage::not_sent, attempt_outcome::deferred_destination, false},
                         row{net::http_stage::sent, attempt_outcome::unknown, false}}) {
    plan(one.stage);
    const attempt_report report = deliver(mailjet::test::to_three());
    ASSERT_EQ(report.recipients.size(), 3U);
    for (const auto& fate : report.recipients) {
      EXPECT_EQ(fate.outcome, one.outcome);
      EXPECT_EQ(fate.connect_class, one.connect_class);
    }
  }
}

TEST_F(esp_adapter_test, relay_way_takes_the_envelope_as_it_is_with_the_vendors_marks) {
  attempt what = mailjet::test::attempt_with(
      "X-MJ-CustomID: theirs\r\nFrom: news@example.com\r\nx-mailjet-prio: 3\r\n folded\r\nTo: "
      "list@example.com\r\n\r\nHi\r\n",
      {"ann@example.com"});
  what.way = delivery_way::relay;
  const attempt_report report = deliver(what);
  EXPECT_EQ(report.recipients.at(0).reply, "by relay");
  EXPECT_TRUE(client_->requests.empty());
  ASSERT_EQ(relay_->attempts.size(), 1U);
  EXPECT_EQ(*relay_->attempts[0].content,
            "X-MJ-CustomID: gw-01J0-1\r\nX-MJ-EventPayload: {\"queue_id\":\"00000000000000000000000000\"}\r\n"
            "From: news@example.com\r\nTo: list@example.com\r\n\r\nHi\r\n");
  EXPECT_EQ(relay_->attempts[0].reverse_path, "bounce@example.com");
}

TEST_F(esp_adapter_test, what_the_api_has_no_words_for_goes_by_the_relay) {
  const attempt_report report = deliver(
      mailjet::test::attempt_with("From: a@b.example\r\nTo: other@c.example\r\n\r\nHi\r\n", {"ann@example.com"}));
  EXPECT_EQ(report.recipients.at(0).reply, "by relay");
  EXPECT_TRUE(client_->requests.empty());
}

TEST_F(esp_adapter_test, without_a_relay_it_is_our_fault_and_nothing_is_sent) {
  const attempt_report report = deliver(
      mailjet::test::attempt_with("From: a@b.example\r\nTo: other@c.example\r\n\r\nHi\r\n", {"ann@example.com"}),
      false);
  EXPECT_EQ(report.recipients.at(0).outcome, attempt_outcome::adapter_fault);
  EXPECT_EQ(report.recipients.at(0).reply, "not for the API: envelope_differs_from_headers");
  EXPECT_TRUE(client_->requests.empty());
  attempt by_relay = mailjet::test::to_one();
  by_relay.way = delivery_way::relay;
  EXPECT_EQ(deliver(by_relay, false).recipients.at(0).outcome, attempt_outcome::adapter_fault);
}

TEST_F(esp_adapter_test, without_a_relay_a_capability_is_named) {
  const attempt_report report = deliver(
      mailjet::test::attempt_with("From: a@b.example\r\nTo: ann@example.com\r\n\r\n" + std::string(15'000'000, 'x'),
                                  {"ann@example.com"}),
      false);
  EXPECT_EQ(report.recipients.at(0).outcome, attempt_outcome::rejected_message);
  EXPECT_EQ(report.recipients.at(0).refused_point, "size");
}

TEST_F(esp_adapter_test, attempt_past_its_deadline_is_not_begun) {
  attempt what = mailjet::test::to_one();
  what.deadline = clock_.steady();
  EXPECT_EQ(deliver(what).recipients.at(0).outcome, attempt_outcome::deferred_destination);
  EXPECT_TRUE(client_->requests.empty());
}

TEST_F(esp_adapter_test, content_without_a_header_section_keeps_its_octets_at_the_relay) {
  attempt what = mailjet::test::attempt_with("just text\r\n", {"ann@example.com"});
  what.way = delivery_way::relay;
  static_cast<void>(deliver(what));
  EXPECT_TRUE(relay_->attempts.at(0).content->ends_with("\r\n\r\njust text\r\n")) << *relay_->attempts[0].content;
}

TEST_F(esp_adapter_test, probe_reads_the_status) {
  plan(net::http_stage::answered, 200, "{}");
  EXPECT_TRUE(support::run_for_test(context_, adapter().probe(steady_point{})).healthy);
  plan(net::http_stage::answered, 401, "no");
  const probe_report refused = support::run_for_test(context_, adapter().probe(steady_point{}));
  EXPECT_FALSE(refused.healthy);
  EXPECT_EQ(refused.outcome.outcome, attempt_outcome::refused_account);
  plan(net::http_stage::not_connected);
  const probe_report dead = support::run_for_test(context_, adapter().probe(steady_point{}));
  EXPECT_FALSE(dead.healthy);
  EXPECT_TRUE(dead.outcome.connect_class);
}

TEST_F(esp_adapter_test, look_up_asks_the_vendor) {
  const std::string id = "gw-01J0-1";
  const std::string who = "ann@example.com";
  plan(net::http_stage::answered, 200, R"({"Data":[{"ID":9,"CustomID":"gw-01J0-1","ContactAlt":"ann@example.com"}]})");
  const lookup_report found = support::run_for_test(context_, adapter().look_up(id, who, steady_point{}));
  EXPECT_EQ(found.answer, lookup_answer::accepted);
  EXPECT_EQ(found.vendor_message_id, "9");
  plan(net::http_stage::sent);
  EXPECT_EQ(support::run_for_test(context_, adapter().look_up(id, who, steady_point{})).answer, lookup_answer::failed);
}

TEST_F(esp_adapter_test, closing_idle_connections_reaches_the_relay) {
  adapter().close_idle();
  EXPECT_TRUE(relay_->closed_idle);
}

}  // namespace
}  // namespace stellwerk::adapters::esp
