#include "adapters/registry.hpp"

#include <gtest/gtest.h>

#include "tests/support/memory_connector.hpp"

namespace stellwerk::adapters {
namespace {

class silent_client final : public net::http_client {
 public:
  async::awaitable<net::http_exchange> send(net::http_request, steady_point) override {
    co_return net::http_exchange{};
  }
};

class registry_test : public ::testing::Test {
 protected:
  registry_test() {
    environment_.make_http_client = [this](net::http_client_config config) {
      config_ = std::move(config);
      return std::make_unique<silent_client>();
    };
    mailjet_.name = "mailjet";
    mailjet_.adapter = "mailjet";
    mailjet_.connections = 7;
    smtp_.name = "onprem";
    smtp_.adapter = "smtp";
    smtp_.smtp.hosts = {{"mta1", 25}};
  }

  async::io_context context_;
  manual_clock clock_;
  test::manual_timers time_{clock_};
  test::memory_connector network_{context_, time_};
  adapter_environment environment_{context_.get_executor(), network_, clock_, null_logger(), {}};
  net::http_client_config config_;
  destination_settings mailjet_;
  destination_settings smtp_;
};

TEST_F(registry_test, knows_its_kinds) {
  EXPECT_EQ(adapter_kinds(), (std::vector<std::string>{"smtp", "mailjet"}));
  destination_settings other;
  other.adapter = "carrier-pigeon";
  EXPECT_EQ(make_adapter(other, environment_), nullptr);
  EXPECT_EQ(settings_fault(other), "unknown adapter");
}

TEST_F(registry_test, makes_each_kind) {
  EXPECT_NE(make_adapter(smtp_, environment_), nullptr);
  EXPECT_NE(make_adapter(mailjet_, environment_), nullptr);
  EXPECT_EQ(settings_fault(smtp_), "");
  EXPECT_EQ(settings_fault(mailjet_), "");
}

TEST_F(registry_test, vendor_has_its_own_url_over_tls) {
  ASSERT_NE(make_adapter(mailjet_, environment_), nullptr);
  EXPECT_EQ(config_.host, "api.mailjet.com");
  EXPECT_EQ(config_.port, 443);
  EXPECT_NE(config_.tls, nullptr);
  EXPECT_EQ(config_.connections_max, 7U);
  EXPECT_FALSE(config_.allow_private_address);
}

TEST_F(registry_test, url_of_the_configuration_wins) {
  mailjet_.esp.url = "http://127.0.0.1:8025/mailjet";
  mailjet_.esp.allow_private_address = true;
  ASSERT_NE(make_adapter(mailjet_, environment_), nullptr);
  EXPECT_EQ(config_.host, "127.0.0.1");
  EXPECT_EQ(config_.port, 8025);
  EXPECT_EQ(config_.tls, nullptr);
  EXPECT_TRUE(config_.allow_private_address);
  mailjet_.esp.url = "ftp://x";
  EXPECT_EQ(make_adapter(mailjet_, environment_), nullptr);
  EXPECT_NE(settings_fault(mailjet_), "");
}

TEST_F(registry_test, P_147_a_url_that_would_betray_the_key_or_lead_elsewhere_is_a_fault) {
  for (const char* url : {"file:///etc/passwd", "ftp://x", "http://", "http://user:pass@host/", "https://user@host",
                          "https://h/?a=b", "https://h/#f", "https://h:99999/", "javascript:1", "http://api.example"}) {
    mailjet_.esp.url = url;
    EXPECT_NE(settings_fault(mailjet_), "") << url;
  }
  mailjet_.esp.url = "https://api.eu.example/base";
  EXPECT_EQ(settings_fault(mailjet_), "");
  mailjet_.esp.url = "http://127.0.0.1:1/mailjet";
  EXPECT_NE(settings_fault(mailjet_), "");
  mailjet_.esp.allow_private_address = true;
  EXPECT_EQ(settings_fault(mailjet_), "");
}

TEST_F(registry_test, https_without_a_usable_ca_is_never_sent_in_clear) {
  mailjet_.esp.ca_file = "/nonexistent/ca.pem";
  EXPECT_EQ(make_adapter(mailjet_, environment_), nullptr);
}

TEST_F(registry_test, capabilities_belong_to_the_way) {
  EXPECT_TRUE(capabilities_of(smtp_).envelope_free);
  EXPECT_EQ(capabilities_of(smtp_).recipients_max, smtp_.smtp.recipients_max);
  EXPECT_FALSE(relay_capabilities_of(smtp_));
  EXPECT_TRUE(refused_fields_of(smtp_).empty());
  EXPECT_FALSE(capabilities_of(mailjet_).envelope_free);
  EXPECT_FALSE(refused_fields_of(mailjet_).empty());
  EXPECT_FALSE(relay_capabilities_of(mailjet_));
  mailjet_.esp.relay = smtp_.smtp;
  ASSERT_TRUE(relay_capabilities_of(mailjet_));
  EXPECT_TRUE(relay_capabilities_of(mailjet_)->envelope_free);
}

TEST_F(registry_test, sandbox_has_no_relay) {
  mailjet_.esp.relay = smtp_.smtp;
  mailjet_.esp.sandbox = true;
  EXPECT_FALSE(relay_capabilities_of(mailjet_));
}

}  // namespace
}  // namespace stellwerk::adapters
