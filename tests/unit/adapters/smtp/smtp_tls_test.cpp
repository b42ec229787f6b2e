#include "tests/support/test_certificates.hpp"
#include "tests/unit/adapters/smtp/smtp_fixture.hpp"

namespace stellwerk::adapters::smtp::test {
namespace {

using mail::attempt_outcome;
using mail::attempt_stage;
using support::memory_stream;
using support::script_peer;

constexpr const char* offer = "250-mta\r\n250-PIPELINING\r\n250 STARTTLS\r\n";

// TLS in memory is only played; which certificates pass is the business of base/net and of the integration tests.
class smtp_tls_test : public smtp_fixture {
 protected:
  smtp_tls_test() {
    tls_ = *net::make_client_tls({});
    support::certificate_wish wish;
    const support::certificate_files files = certificates_.issue("mta", wish);
    net::tls_server_files server_files;
    server_files.certificate = files.certificate;
    server_files.key = files.key;
    server_ = *net::make_server_tls(server_files, system_clock{}.now());
  }

  script_peer& offer_tls(script_peer& peer) {
    return peer.send("220 mta\r\n").line_starting("EHLO").send(offer).line("STARTTLS");
  }

  support::test_certificates certificates_;
  std::shared_ptr<const net::tls_context> server_;
};

TEST_F(smtp_tls_test, secures_the_session_and_says_ehlo_again) {
  settings_.tls = tls_mode::required;
  std::string asked_for;
  expect_connection([&](script_peer& peer, memory_stream& stream) {
    offer_tls(peer).send("220 go\r\n").handshake_server(*server_).then([&] { asked_for = stream.server_name(); });
    peer.line_starting("EHLO").send(ehlo_answer);
    take_message(peer);
  });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  EXPECT_EQ(asked_for, first_host);
  expect_scripts_met();
}

// Catalogue P-026, CVE-2021-38371.
TEST_F(smtp_tls_test, octets_in_clear_behind_the_go_ahead_abort_the_attempt) {
  for (const tls_mode mode : {tls_mode::opportunistic, tls_mode::required}) {
    settings_.tls = mode;
    expect_connection([&](script_peer& peer, memory_stream&) {
      offer_tls(peer).send("220 go\r\n250-mta\r\n250 AUTH PLAIN\r\n").expect_close();
    });
    const attempt_report report = deliver(an_attempt());
    EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
    EXPECT_EQ(report.recipients[0].stage, attempt_stage::starttls);
  }
  expect_scripts_met();
}

// Catalogue P-027.
TEST_F(smtp_tls_test, required_but_refused_sends_no_mail) {
  settings_.tls = tls_mode::required;
  expect_connection(
      [&](script_peer& peer, memory_stream&) { offer_tls(peer).send("454 4.7.0 no\r\n").expect_close(); });
  const attempt_report report = deliver(an_attempt());
  EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
  EXPECT_EQ(report.recipients[0].enhanced_status, "4.7.0");
  expect_scripts_met();
}

TEST_F(smtp_tls_test, opportunistic_goes_on_in_clear_on_a_fresh_connection_once) {
  settings_.tls = tls_mode::opportunistic;
  expect_connection(
      [&](script_peer& peer, memory_stream&) { offer_tls(peer).send("454 4.7.0 no\r\n").expect_close(); });
  expect_connection([&](script_peer& peer, memory_stream&) {
    peer.send("220 mta\r\n").line_starting("EHLO").send(offer);
    take_message(peer);
  });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  expect_scripts_met();
}

TEST_F(smtp_tls_test, failed_handshake_is_of_the_connect_class_and_shows_why) {
  settings_.tls = tls_mode::verified;
  expect_connection([&](script_peer& peer, memory_stream&) { offer_tls(peer).send("220 go\r\n").close(); });
  const attempt_report report = deliver(an_attempt());
  EXPECT_EQ(outcomes_of(report), "deferred_destination deferred_destination");
  EXPECT_TRUE(report.recipients[0].connect_class);
  EXPECT_TRUE(report.recipients[0].reply.starts_with("TLS handshake: ")) << report.recipients[0].reply;
}

TEST_F(smtp_tls_test, without_a_context_nothing_is_sent) {
  settings_.tls = tls_mode::required;
  tls_ = nullptr;
  expect_connection([&](script_peer& peer, memory_stream&) { offer_tls(peer).send("220 go\r\n").expect_close(); });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "deferred_destination deferred_destination");
  expect_scripts_met();
}

TEST_F(smtp_tls_test, port_465_is_tls_from_the_first_octet) {
  settings_.tls = tls_mode::required;
  settings_.hosts = {{first_host, implicit_tls_port}};
  expect_connection([&](script_peer& peer, memory_stream&) { take_message(greet(peer.handshake_server(*server_))); },
                    first_host, implicit_tls_port);
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  expect_scripts_met();
}

// As long as it is known to take, and not what is left of the time to connect.
TEST_F(smtp_tls_test, a_handshake_on_port_465_has_the_time_of_the_first_word) {
  settings_.tls = tls_mode::required;
  settings_.hosts = {{first_host, implicit_tls_port}};
  expect_connection(
      [&](script_peer& peer, memory_stream&) {
        peer.pause(time_, std::chrono::milliseconds{2500});
        take_message(greet(peer.handshake_server(*server_)));
      },
      first_host, implicit_tls_port);
  attempt what = an_attempt();
  what.first_word_max = std::chrono::seconds{5};
  EXPECT_EQ(outcomes_of(deliver_for(what, std::chrono::seconds{5})), "delivered delivered");
  expect_scripts_met();
}

TEST_F(smtp_tls_test, credentials_travel_inside_tls) {
  settings_.tls = tls_mode::required;
  settings_.auth = smtp_auth{.username = "user", .password = "secret"};
  expect_connection([&](script_peer& peer, memory_stream&) {
    offer_tls(peer).send("220 go\r\n").handshake_server(*server_).line_starting("EHLO");
    peer.send("250-mta\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n")
        .line("AUTH PLAIN AHVzZXIAc2VjcmV0")
        .send("235 2.7.0 in\r\n");
    take_message(peer);
  });
  EXPECT_EQ(outcomes_of(deliver(an_attempt())), "delivered delivered");
  expect_scripts_met();
}

}  // namespace
}  // namespace stellwerk::adapters::smtp::test
