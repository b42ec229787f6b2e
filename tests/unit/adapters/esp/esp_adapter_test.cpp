#include "adapters/esp/esp_adapter.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include "adapters/esp/mailjet/mailjet_mapping.hpp"
#include "base/async/event.hpp"
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
    const std::string body = requests.back().body;
    if (gate != nullptr) co_await gate->wait();
    if (breaks) throw std::runtime_error{"out of wires"};
    co_return answer ? answer(body) : next;
  }
  net::http_exchange next;
  std::function<net::http_exchange(const std::string& body)> answer;
  async::event* gate = nullptr;  // each request waits there for a notification
  bool breaks = false;
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
  void let_go(duration silence) override { borne = silence; }
  std::vector<attempt> attempts;
  bool closed_idle = false;
  duration borne{0};
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
    endpoint.requests_max = requests_max_;
    adapter_ =
        std::make_unique<esp_adapter>(context_.get_executor(), endpoint,
                                      std::make_unique<mailjet::mailjet_mapping>(mailjet::account{"k", "s", false}),
                                      std::move(client), std::move(relay), clock_);
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

  // Starts all at once; their reports are in reports_, in the same order, when they are there.
  void start(std::vector<attempt> all) {
    reports_.assign(all.size(), std::nullopt);
    for (std::size_t i = 0; i < all.size(); ++i) {
      boost::asio::co_spawn(context_, adapter_->deliver(std::move(all[i])),
                            [this, i](std::exception_ptr, attempt_report report) { reports_[i] = std::move(report); });
    }
  }
  void deliver_together(std::vector<attempt> all) {
    start(std::move(all));
    ASSERT_TRUE(support::run_until(
        context_, [this] { return std::ranges::all_of(reports_, [](const auto& one) { return one.has_value(); }); }));
  }
  std::string outcomes() const {
    std::string text;
    for (const auto& report : reports_) {
      if (!text.empty()) text += ' ';
      text += report ? std::string{mail::to_string(report->recipients.front().outcome)} : "none";
    }
    return text;
  }
  std::size_t entries_of(std::size_t request) const {
    return boost::json::parse(client_->requests.at(request).body).at("Messages").as_array().size();
  }
  std::vector<std::size_t> sizes_of_requests() const {
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < client_->requests.size(); ++i) sizes.push_back(entries_of(i));
    std::ranges::sort(sizes);
    return sizes;
  }
  // Success for every entry, unless the one in the request has the attempt id that is refused.
  void accept_all_but(const std::string& refused) {
    client_->answer = [refused](const std::string& body) {
      net::http_exchange exchange;
      exchange.stage = net::http_stage::answered;
      if (body.find("\"CustomID\":\"" + refused + "\"") != std::string::npos) {
        exchange.response.status = 400;
        exchange.response.body = R"({"ErrorCode":"mj-0002","StatusCode":400,"ErrorMessage":"Malformed JSON"})";
        return exchange;
      }
      boost::json::array answers(boost::json::parse(body).at("Messages").as_array().size(),
                                 boost::json::object{{"Status", "success"}});
      exchange.response.status = 200;
      exchange.response.body = boost::json::serialize(boost::json::object{{"Messages", std::move(answers)}});
      return exchange;
    };
  }
  static attempt numbered(int number) {
    attempt what = mailjet::test::to_one();
    what.attempt_id = "gw-" + std::to_string(number);
    return what;
  }
  static std::vector<attempt> numbered_up_to(int count) {
    std::vector<attempt> all;
    for (int i = 0; i < count; ++i) all.push_back(numbered(i));
    return all;
  }

  async::io_context context_;
  manual_clock clock_;
  std::size_t requests_max_ = 8;
  std::vector<std::optional<attempt_report>> reports_;
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
  EXPECT_EQ(report.recipients[0].remote_host, "api.example");
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

TEST_F(esp_adapter_test, letting_go_of_the_silent_reaches_the_relay) {
  adapter().let_go(std::chrono::seconds{2});
  EXPECT_EQ(relay_->borne, std::chrono::seconds{2});
  adapter(false).let_go(std::chrono::seconds{2});
}

TEST_F(esp_adapter_test, messages_of_one_moment_share_a_request) {
  adapter();
  accept_all_but("none");
  deliver_together(numbered_up_to(3));
  EXPECT_EQ(outcomes(), "delivered delivered delivered");
  ASSERT_EQ(client_->requests.size(), 1U);
  EXPECT_EQ(entries_of(0), 3U);
}

TEST_F(esp_adapter_test, request_holds_what_the_vendor_takes) {
  adapter();
  accept_all_but("none");
  deliver_together(numbered_up_to(120));
  EXPECT_EQ(sizes_of_requests(), (std::vector<std::size_t>{20, 50, 50}));
}

TEST_F(esp_adapter_test, recipients_of_all_entries_count_together) {
  adapter();
  accept_all_but("none");
  std::vector<attempt> all(20, mailjet::test::to_three());  // 60 recipients; the vendor takes 50 in a request
  deliver_together(std::move(all));
  EXPECT_EQ(sizes_of_requests(), (std::vector<std::size_t>{4, 16}));
}

TEST_F(esp_adapter_test, while_as_many_requests_as_may_are_under_way_messages_gather) {
  requests_max_ = 1;
  adapter();
  accept_all_but("none");
  async::event gate{context_.get_executor()};
  client_->gate = &gate;
  start(numbered_up_to(1));
  ASSERT_TRUE(support::run_until(context_, [this] { return client_->requests.size() == 1; }));
  for (int i = 1; i < 4; ++i) {
    reports_.resize(static_cast<std::size_t>(i) + 1);
    boost::asio::co_spawn(context_, adapter_->deliver(numbered(i)),
                          [this, i](std::exception_ptr, attempt_report report) {
                            reports_[static_cast<std::size_t>(i)] = std::move(report);
                          });
    context_.poll();
  }
  EXPECT_EQ(client_->requests.size(), 1U) << "the one request is under way";
  gate.notify();
  ASSERT_TRUE(support::run_until(context_, [this] { return client_->requests.size() == 2; }));
  EXPECT_EQ(entries_of(1), 3U);
  gate.notify();
  ASSERT_TRUE(support::run_until(context_, [this] { return reports_[3].has_value(); }));
  EXPECT_EQ(outcomes(), "delivered delivered delivered delivered");
}

TEST_F(esp_adapter_test, one_message_that_spoils_the_request_is_found_by_sending_apart) {
  adapter();
  accept_all_but("gw-1");
  deliver_together(numbered_up_to(4));
  EXPECT_EQ(outcomes(), "delivered adapter_fault delivered delivered");
  EXPECT_EQ(client_->requests.size(), 5U) << "the whole one, then each alone";
}

TEST_F(esp_adapter_test, leader_that_spoils_the_request_is_found_as_well) {
  requests_max_ = 1;
  adapter();
  accept_all_but("gw-0");
  deliver_together(numbered_up_to(3));
  EXPECT_EQ(outcomes(), "adapter_fault delivered delivered");
}

TEST_F(esp_adapter_test, lost_answer_leaves_everybody_in_the_request_unknown) {
  plan(net::http_stage::sent);
  adapter();
  deliver_together(numbered_up_to(3));
  EXPECT_EQ(outcomes(), "unknown unknown unknown");
  EXPECT_EQ(client_->requests.size(), 1U);
}

TEST_F(esp_adapter_test, request_that_breaks_leaves_nobody_without_an_outcome) {
  requests_max_ = 1;
  adapter();
  client_->breaks = true;
  deliver_together(numbered_up_to(3));
  EXPECT_EQ(outcomes(), "unknown unknown unknown");
  client_->breaks = false;
  accept_all_but("none");
  deliver_together(numbered_up_to(2));
  EXPECT_EQ(outcomes(), "delivered delivered") << "and holds up nobody after it";
}

TEST_F(esp_adapter_test, message_past_its_deadline_does_not_leave_with_the_others) {
  adapter();
  accept_all_but("none");
  std::vector<attempt> all = numbered_up_to(3);
  all[1].deadline = clock_.steady();
  deliver_together(std::move(all));
  EXPECT_EQ(outcomes(), "delivered deferred_destination delivered");
  EXPECT_EQ(sizes_of_requests(), (std::vector<std::size_t>{2}));
}

}  // namespace
}  // namespace stellwerk::adapters::esp
