// The door over real sockets and real TLS on the loopback interface: what streams in memory cannot show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>

#include "base/async/event.hpp"
#include "base/net/socket_stream.hpp"
#include "gateway/ingress/smtp/smtp_server.hpp"
#include "tests/conformance/smtp/door_fixture.hpp"

namespace stellwerk::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Takes everything.
class taking_admission final : public ingress::admission {
 public:
  async::awaitable<ingress::admission_answer> admit(mail::submission submission,
                                                    const ingress::client_config&) override {
    contents.push_back(*submission.content);
    co_return ingress::admitted{fake_acceptor::proof_of(id), mail::traffic_stream::transactional, {}, {}};
  }
  std::vector<std::string> contents;
  queue_id id;
};

class scripted_authenticator final : public ingress::authenticator {
 public:
  async::awaitable<ingress::auth_verdict> check(ingress::door_settings_ptr, ingress::credentials) override {
    co_return verdict;
  }
  ingress::auth_verdict verdict = ingress::auth_verdict::refused;
};

async::awaitable<void> sleep_on(async::executor owner, steady_point at) {
  async::event never{owner};
  co_await never.wait(at);
}

struct loopback_test : testing::Test {
  explicit loopback_test(const ingress::ingress_settings& values = local_settings())
      : settings{ingress::make_door_settings(values, time.now()).settings},
        metrics{null_metric_registry(), {"relay", "bound", "submission", "smtps"}},
        server{context.get_executor(),
               ingress::smtp::session_services{
                   time, null_logger(), admission, passwords, failures, pressure, settings, metrics,
                   [this](steady_point at) { return sleep_on(context.get_executor(), at); },
                   ingress::smtp::session_timing{.greeting_pause = std::chrono::milliseconds{20}}},
               limits} {
    for (const char* name : {"relay", "bound"}) {
      const auto bound = server.listen(name, {"127.0.0.1", 0});
      addresses[name] = *bound;
    }
    server.start();
  }
  ~loopback_test() override {
    pressure.start_draining();
    run_for_test(context, server.drain(time.steady()));
  }

  static ingress::ingress_settings local_settings() {
    auto values = catalogue_settings();
    values.clients[0].networks = {"127.0.0.0/8"};
    values.smtp[0].command_timeout = std::chrono::milliseconds{150};
    return values;
  }

  smtp_peer connect(const std::string& name, const std::string& early = {}) {
    const auto& address = addresses.at(name);
    const boost::asio::ip::tcp::endpoint endpoint{boost::asio::ip::make_address(address.ip), address.port};
    auto stream =
        run_for_test(context, net::connect_socket_stream(context.get_executor(), endpoint, steady_point::max()));
    if (!early.empty()) static_cast<void>(run_for_test(context, (*stream)->write_one(early)));
    return smtp_peer{context, std::move(*stream)};
  }

  async::io_context context;
  system_clock time;
  taking_admission admission;
  scripted_authenticator passwords;
  ingress::auth_failures failures;
  ingress::door_pressure pressure;
  ingress::published_settings settings;
  ingress::ingress_metrics metrics;
  ingress::smtp::connection_limits limits;
  ingress::smtp::smtp_server server;
  std::map<std::string, net::endpoint_address> addresses;
};

const std::string message = "From: a@from.example\r\n\r\ntext\r\n";

TEST_F(loopback_test, a_pipelined_message_is_taken) {
  smtp_peer peer = connect("relay");
  EXPECT_THAT(peer.greet(), StartsWith("250-gw-1.example"));
  peer.send("MAIL FROM:<a@from.example>\r\nRCPT TO:<b@to.example>\r\nDATA\r\n");
  for (const char* code : {"250 ", "250 ", "354 "}) EXPECT_THAT(peer.reply(), StartsWith(code));
  peer.send(message + ".\r\nQUIT\r\n");
  EXPECT_THAT(peer.reply(), StartsWith("250 2.0.0 queued as " + admission.id.to_string()));
  EXPECT_THAT(peer.reply(), StartsWith("221 "));
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(admission.contents.at(0), message);
}

TEST_F(loopback_test, P_013_who_talks_before_the_greeting_is_turned_away) {
  smtp_peer peer = connect("relay", "EHLO client.example\r\n");
  EXPECT_THAT(peer.reply(), StartsWith("554 5.5.0"));
  EXPECT_TRUE(peer.closed());
}

TEST_F(loopback_test, P_023_starttls_and_a_message_inside) {
  smtp_peer peer = connect("bound");
  EXPECT_THAT(peer.greet(), HasSubstr("STARTTLS"));
  ASSERT_THAT(peer.say("STARTTLS"), StartsWith("220 "));
  peer.start_tls();
  EXPECT_THAT(peer.say("RCPT TO:<b@to.example>"), StartsWith("503 "));
  EXPECT_THAT(peer.say("EHLO client.example"), HasSubstr("AUTH PLAIN LOGIN"));
  EXPECT_THAT(peer.say("AUTH PLAIN AHNob3AAZ3Vlc3M="), StartsWith("535 "));
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, message), StartsWith("250 "));
}

TEST_F(loopback_test, P_073_passwords_that_cannot_be_checked_are_not_called_wrong) {
  passwords.verdict = ingress::auth_verdict::unavailable;
  smtp_peer peer = connect("bound");
  static_cast<void>(peer.greet());
  ASSERT_THAT(peer.say("STARTTLS"), StartsWith("220 "));
  peer.start_tls();
  static_cast<void>(peer.say("EHLO client.example"));
  EXPECT_THAT(peer.say("AUTH PLAIN AHNob3AAc2VjcmV0"), StartsWith("454 4.7.0"));
  passwords.verdict = ingress::auth_verdict::accepted;
  EXPECT_THAT(peer.say("AUTH PLAIN AHNob3AAc2VjcmV0"), StartsWith("235 2.7.0"));
}

TEST_F(loopback_test, P_060_the_timeout_of_a_real_socket) {
  smtp_peer peer = connect("relay");
  EXPECT_THAT(peer.greet(), StartsWith("250-"));
  EXPECT_THAT(peer.reply(), StartsWith("421 4.4.2"));
  EXPECT_TRUE(peer.closed());
}

TEST_F(loopback_test, a_large_message_arrives_whole) {
  std::string content = message;
  while (content.size() < 900'000) content += "..stuffed " + std::string(60, 'x') + "\r\n";
  std::string stuffed = content;
  for (std::size_t at = 0; (at = stuffed.find("\r\n.", at)) != std::string::npos; at += 4) stuffed.insert(at + 2, ".");
  smtp_peer peer = connect("bound");
  static_cast<void>(peer.greet());
  EXPECT_THAT(peer.send_message("a@from.example", {"b@to.example"}, stuffed), StartsWith("250 "));
  EXPECT_EQ(admission.contents.at(0), content);
}

}  // namespace
}  // namespace stellwerk::test
