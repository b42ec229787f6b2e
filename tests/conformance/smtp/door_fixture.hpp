// A whole SMTP door on one io_context: real server, session, dialog and admission over streams in memory, with time
// moved by hand and a spool that only remembers. Tests talk to it as peers, line by line.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async/blocking_pool.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "gateway/ingress/admission_pipeline.hpp"
#include "gateway/ingress/smtp/smtp_server.hpp"
#include "tests/conformance/smtp/fake_acceptor.hpp"
#include "tests/conformance/smtp/smtp_peer.hpp"
#include "tests/support/memory_stream.hpp"

namespace stellwerk::test {

// Listeners "relay", "bound" (relay, TLS offered) and "submission" (STARTTLS), "smtps" (implicit TLS); clients:
//   legacy   10.0.0.0/8, control headers, may choose the stream
//   plain    192.168.0.0/16, nothing special
//   shop     AUTH shop/secret, tenant acme, senders @shop.example
[[nodiscard]] ingress::ingress_settings catalogue_settings();

class door_fixture {
 public:
  door_fixture() : door_fixture{catalogue_settings()} {}
  explicit door_fixture(const ingress::ingress_settings& settings);
  ~door_fixture();

  [[nodiscard]] smtp_peer connect(std::string_view listener = "relay", std::string_view ip = "10.1.2.3");
  // Has sent `early` before the server looks.
  [[nodiscard]] smtp_peer connect_talking(std::string_view early);
  // Greeted with EHLO.
  [[nodiscard]] smtp_peer greeted(std::string_view listener = "relay", std::string_view ip = "10.1.2.3");
  // On "submission", with TLS and AUTH done.
  [[nodiscard]] smtp_peer authenticated();
  void advance(std::chrono::nanoseconds by) { timers_.advance(context, by); }
  void publish(const ingress::ingress_settings& settings);
  [[nodiscard]] const std::vector<spool::accept_request>& accepted() const { return spool.accepted; }
  [[nodiscard]] const std::string& content(std::size_t index = 0) const { return *spool.accepted.at(index).content; }
  [[nodiscard]] ingress::admission& admission() { return pipeline_; }
  [[nodiscard]] std::size_t open_sessions() const { return server.sessions(); }

  async::io_context context;
  manual_clock time;

 private:
  manual_timers timers_;
  seeded_random random_{7};
  id_generator ids_;
  async::blocking_pool pool_{2, 100, "scrypt"};

 public:
  fake_acceptor spool;
  ingress::door_pressure pressure;
  std::shared_ptr<ingress::smtp::content_memory> memory = std::make_shared<ingress::smtp::content_memory>(3'000'000);

 private:
  std::unique_ptr<ingress::published_settings> settings_;
  std::unique_ptr<ingress::published_policy> policy_;
  ingress::client_rates rates_;
  ingress::auth_failures failures_;
  ingress::ingress_metrics metrics_;
  ingress::password_authenticator passwords_;
  ingress::admission_pipeline pipeline_;
  ingress::smtp::connection_limits limits_;

 public:
  ingress::smtp::smtp_server server;
};

}  // namespace stellwerk::test
