// The admin side as an HTTP client sees it, on a real dispatcher and store.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include "gateway/admin/admin_handler.hpp"
#include "tests/support/run_for_test.hpp"
#include "tests/unit/gateway/delivery/delivery_fixture.hpp"

namespace stellwerk::admin {

namespace json = boost::json;

class keeping_logger final : public logger {
 public:
  bool enabled(log_level) const noexcept override { return true; }
  void write(log_level level, std::string_view event, std::span<const log_field> fields) override {
    lines.push_back(to_json_line("", level, event, fields));
  }
  std::vector<std::string> lines;
};

class admin_fixture : public delivery::delivery_fixture {
 protected:
  void open() {
    start();
    rules_in_force_ = std::make_unique<async::published<policy::policy>>(policy_);
    config::gateway_config settings;
    settings.policy = policy_;
    settings.policy_text = "routes: []";
    ingress::client_config client;
    client.name = "shop";
    client.tenant = "acme";
    settings.ingress.clients.push_back(client);
    settings_.publish(std::make_shared<const config::gateway_config>(std::move(settings)));
    admin_sources sources{
        [] { return std::string{"stellwerk_x 1\n"}; },
        [this] { return readiness_; },
        [this] { return alive_; },
        *dispatcher_,
        *store_,
        *rules_in_force_,
        readers_,
        log_,
        token_hash_,
        audit_,
        runner_,
        settings_,
        [](const auto&, const auto&, time_point, mail::submission&) { return std::optional<std::string>{}; },
        clock_,
        [this](policy_order order, const std::function<void(policy_verdict)>& done) {
          applied_ = std::move(order);
          done(verdict_);
        }};
    handler_ = make_admin_handler(std::move(sources));
  }

  net::http_response ask(net::http_request request) {
    std::optional<net::http_response> answer;
    boost::asio::co_spawn(context_, test::detail::keep_value(handler_(std::move(request)), answer),
                          [](const std::exception_ptr& failure) { EXPECT_FALSE(failure); });
    // The dispatcher and the committer turn beside it.
    const bool ended = test::run_until(context_, [&] {
      dispatcher_->run();
      while (store_->run_once()) {
      }
      return answer.has_value();
    });
    EXPECT_TRUE(ended) << "no answer";
    return answer.value_or(net::http_response{});
  }
  net::http_response get(std::string target) {
    net::http_request request;
    request.target = std::move(target);
    return ask(std::move(request));
  }
  net::http_response post(const std::string& method, std::string body) {
    net::http_request request;
    request.method = "POST";
    request.target = "/stellwerk.v1." + method;
    request.fields.push_back({"Content-Type", "application/json"});
    request.peer_ip = "192.0.2.7";
    request.body = std::move(body);
    return ask(std::move(request));
  }
  json::object call(const std::string& method, const json::object& body) {
    const auto response = post(method, json::serialize(body));
    EXPECT_EQ(response.status, 200) << response.body;
    return json::parse(response.body).as_object();
  }
  std::string fault(const std::string& method, std::string body, int status) {
    const auto response = post(method, std::move(body));
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_EQ(response.field("Content-Type"), "application/json");
    return std::string{json::parse(response.body).at("code").as_string()};
  }
  // One message that waits because its only attempt was deferred.
  queue_id deferred_message(const std::string& recipient = "anna@example.org") {
    const queue_id id = submit({recipient});
    answer({delivery::outcome_of(mail::attempt_outcome::deferred_recipient, 450, "4.2.0", "later")});
    return id;
  }

  async::io_context context_{1};
  async::blocking_pool readers_{1, 100, "reader"};
  std::unique_ptr<async::published<policy::policy>> rules_in_force_;
  keeping_logger log_;
  std::string audited_;
  bool audit_fails_ = false;
  events::audit_log audit_{clock_,
                           {},
                           [this](std::string_view text) -> result<void> {
                             if (audit_fails_) return error{errc::store_full, "test"};
                             audited_ += text;
                             return {};
                           },
                           []() -> result<void> { return {}; },
                           {}};
  async::published<config::gateway_config> settings_{nullptr};
  policy_order applied_;
  policy_verdict verdict_;
  readiness readiness_{true, {}};
  bool alive_ = true;
  std::string token_hash_;
  net::http_handler handler_;
};

}  // namespace stellwerk::admin
