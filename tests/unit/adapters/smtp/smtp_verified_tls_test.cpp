// Real certificates over a loopback socket: catalogue P-028.
#include <gtest/gtest.h>

#include "adapters/smtp/smtp_adapter.hpp"
#include "base/async/blocking_pool.hpp"
#include "base/net/listener.hpp"
#include "base/net/tcp_connector.hpp"
#include "tests/support/run_for_test.hpp"
#include "tests/support/script_peer.hpp"
#include "tests/support/test_certificates.hpp"
#include "tests/unit/adapters/smtp/dialog_play.hpp"

namespace stellwerk::adapters::smtp::test {
namespace {

namespace support = stellwerk::test;
using mail::attempt_outcome;
using mail::attempt_stage;

class smtp_verified_tls_test : public ::testing::Test {
 protected:
  // The peer shows a certificate made to this wish; the client trusts `ca_file`.
  attempt_report deliver_to(const support::certificate_wish& wish, const std::string& ca_file) {
    const support::certificate_files files = authority_.issue("mta", wish);
    net::tls_server_files server_files;
    server_files.certificate = files.certificate;
    server_files.key = files.key;
    server_ = *net::make_server_tls(server_files, time_.now() - std::chrono::hours{2});
    net::tls_client_settings client;
    client.verification = net::tls_verification::chain_and_name;
    client.ca_file = ca_file;
    const auto bound = door_.open(net::endpoint_address{"127.0.0.1", 0});
    door_.start();
    smtp_settings settings;
    settings.hosts = {{"127.0.0.1", bound->port}};
    settings.tls = tls_mode::verified;
    settings.auth = smtp_auth{.username = "user", .password = "secret"};
    settings.helo_name = "gw.example";
    smtp_adapter adapter{"onprem", settings, outside_, *net::make_client_tls(client), time_, null_logger()};
    return support::run_for_test(context_, adapter.deliver(an_attempt()));
  }

  void meet(std::unique_ptr<net::stream> stream) {
    peer_ = std::make_unique<support::script_peer>(std::move(stream));
    peer_->send("220 mta\r\n").line("EHLO gw.example").send("250-mta\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n");
    peer_->line("STARTTLS").send("220 go\r\n").handshake_server(*server_).line("EHLO gw.example");
    peer_->send("250-mta\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n")
        .line("AUTH PLAIN AHVzZXIAc2VjcmV0")
        .send("235 in\r\n");
    peer_->line_starting("MAIL").line_starting("RCPT").line_starting("RCPT").line("DATA");
    peer_->send("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n").data().send("250 2.0.0 taken\r\n");
    peers_.spawn("peer", peer_->run());
  }

  void expect_nothing_said(const attempt_report& report) {
    for (const auto& one : report.recipients) {
      EXPECT_EQ(one.outcome, attempt_outcome::deferred_destination);
      EXPECT_EQ(one.stage, attempt_stage::starttls);
      EXPECT_TRUE(one.reply.starts_with("TLS handshake: ")) << one.reply;
    }
    EXPECT_EQ(peer_->lines(), (std::vector<std::string>{"EHLO gw.example", "STARTTLS"}));
  }

  async::io_context context_{1};
  system_clock time_;
  support::test_certificates authority_;
  std::shared_ptr<const net::tls_context> server_;
  async::blocking_pool pool_{1, 16, "test"};
  net::resolver names_{context_.get_executor(), pool_, time_};
  net::tcp_connector outside_{context_.get_executor(), names_};
  std::unique_ptr<support::script_peer> peer_;
  net::listener door_{context_.get_executor(), [this](std::unique_ptr<net::stream> made) { meet(std::move(made)); },
                      nullptr};
  async::task_group peers_{context_.get_executor(), nullptr};
};

TEST_F(smtp_verified_tls_test, right_certificate_passes) {
  const attempt_report report = deliver_to({}, authority_.ca_file());
  for (const auto& one : report.recipients) EXPECT_EQ(one.outcome, attempt_outcome::delivered) << one.reply;
}

TEST_F(smtp_verified_tls_test, expired_certificate_gets_no_credentials_and_no_mail) {
  support::certificate_wish expired;
  expired.valid_from = -3 * 3600;
  expired.valid_until = -60;
  expect_nothing_said(deliver_to(expired, authority_.ca_file()));
}

TEST_F(smtp_verified_tls_test, certificate_for_another_name_gets_no_credentials_and_no_mail) {
  support::certificate_wish other;
  other.common_name = other.dns_name = "other.example";
  other.ip_address = "192.0.2.9";
  expect_nothing_said(deliver_to(other, authority_.ca_file()));
}

TEST_F(smtp_verified_tls_test, certificate_of_an_unknown_authority_gets_no_credentials_and_no_mail) {
  const support::test_certificates somebody_else;
  expect_nothing_said(deliver_to({}, somebody_else.ca_file()));
}

}  // namespace
}  // namespace stellwerk::adapters::smtp::test
