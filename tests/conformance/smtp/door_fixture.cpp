#include "tests/conformance/smtp/door_fixture.hpp"

#include <boost/asio/co_spawn.hpp>

#include "base/text.hpp"
#include "gateway/ingress/password_hash.hpp"
#include "tests/support/test_certificates.hpp"

namespace stellwerk::test {
namespace {

const test_certificates& certificates() {
  static const test_certificates made;
  return made;
}

const certificate_files& server_files() {
  static const certificate_files made = certificates().issue("door", {});
  return made;
}

// Valid in the time of the test's clock, which does not start today.
time_point certificate_time() { return system_clock{}.now(); }

ingress::door_settings_ptr compiled(const ingress::ingress_settings& settings) {
  const auto outcome = ingress::make_door_settings(settings, certificate_time());
  if (!outcome.settings) throw std::runtime_error{outcome.faults.front().path + ": " + outcome.faults.front().reason};
  return outcome.settings;
}

std::shared_ptr<const policy::policy> simple_policy() {
  policy::policy_config config;
  policy::route_config route;
  route.name = "everything";
  route.path = "policy.routes[0]";
  route.via.name = "onprem";
  route.via.path = "policy.routes[0].via";
  policy::route_config refusing;
  refusing.name = "no-such-place";
  refusing.path = "policy.routes[0]";
  refusing.when = "recipient.domain == 'refused.example'";
  refusing.via.what = policy::node_config::kind::refuse;
  refusing.via.name = "nobody mails this domain";
  refusing.via.path = "policy.routes[0].via";
  route.path = "policy.routes[1]";
  route.via.path = "policy.routes[1].via";
  config.routes = {refusing, route};
  policy::destination_traits onprem;
  onprem.name = "onprem";
  onprem.adapter = "smtp";
  onprem.zone = "on_prem";
  auto made = policy::compile(config, {onprem});
  if (auto* faults = std::get_if<std::vector<policy::policy_fault>>(&made))
    throw std::runtime_error{faults->front().path + ": " + faults->front().reason};
  return std::get<std::shared_ptr<const policy::policy>>(made);
}

std::vector<std::string> listener_names() { return {"relay", "bound", "submission", "smtps"}; }

}  // namespace

ingress::ingress_settings catalogue_settings() {
  ingress::ingress_settings settings;
  settings.node_name = "gw-1.example";
  for (const std::string& name : listener_names()) {
    ingress::smtp_listener_config listener;
    listener.name = name;
    listener.size_max = 1'000'000;
    settings.smtp.push_back(listener);
  }
  const certificate_files& files = server_files();
  for (std::size_t i = 1; i < settings.smtp.size(); ++i) {
    settings.smtp[i].tls = i == 3 ? ingress::server_tls_mode::implicit : ingress::server_tls_mode::starttls;
    settings.smtp[i].certificate = files.certificate;
    settings.smtp[i].key = files.key;
  }
  settings.smtp[2].profile = ingress::smtp_profile::submission;

  ingress::client_config legacy;
  legacy.name = "legacy";
  legacy.networks = {"10.0.0.0/8"};
  legacy.control_headers = true;
  legacy.may_choose_stream = true;
  ingress::client_config plain;
  plain.name = "plain";
  plain.networks = {"192.168.0.0/16"};
  ingress::client_config shop;
  shop.name = "shop";
  shop.tenant = "acme";
  shop.username = "shop";
  static const std::string hash = ingress::hash_password("secret", {16, 1, 1});
  shop.password_hash = hash;
  shop.senders = {"@shop.example"};
  settings.clients = {legacy, plain, shop};
  return settings;
}

door_fixture::door_fixture(const ingress::ingress_settings& settings)
    : timers_{time},
      ids_{time, random_},
      settings_{std::make_unique<ingress::published_settings>(compiled(settings))},
      policy_{std::make_unique<ingress::published_policy>(simple_policy())},
      metrics_{null_metric_registry(), listener_names()},
      passwords_{pool_, time},
      pipeline_{ingress::admission_services{time, ids_, spool, *policy_, *settings_, rates_, pressure, metrics_,
                                            null_logger()}},
      server{
          context.get_executor(),
          ingress::smtp::session_services{time, null_logger(), pipeline_, passwords_, failures_, pressure, *settings_,
                                          metrics_, [this](steady_point at) { return timers_.sleep_until(at); },
                                          ingress::smtp::session_timing{.greeting_pause = duration{0}}, memory},
          limits_} {}

door_fixture::~door_fixture() {
  pressure.start_draining();
  const auto ended = [this] { return server.sessions() == 0; };
  boost::asio::co_spawn(context, server.drain(std::chrono::steady_clock::now()), [](const std::exception_ptr&) {});
  static_cast<void>(run_until(context, ended, std::chrono::seconds{5}));
}

smtp_peer door_fixture::connect(std::string_view listener, std::string_view ip) {
  auto [client, served] = make_memory_pair(context, timers_);
  served->set_peer({std::string{ip}, 40000});
  server.serve(std::string{listener}, std::move(served));
  return smtp_peer{context, std::move(client)};
}

smtp_peer door_fixture::connect_talking(std::string_view early) {
  auto [client, served] = make_memory_pair(context, timers_);
  served->set_peer({"10.1.2.3", 40000});
  smtp_peer peer{context, std::move(client)};
  peer.send(early);
  server.serve("relay", std::move(served));
  return peer;
}

smtp_peer door_fixture::greeted(std::string_view listener, std::string_view ip) {
  smtp_peer peer = connect(listener, ip);
  static_cast<void>(peer.greet());
  return peer;
}

smtp_peer door_fixture::authenticated() {
  smtp_peer peer = greeted("submission", "203.0.113.9");
  static_cast<void>(peer.say("STARTTLS"));
  peer.start_tls();
  static_cast<void>(peer.say("EHLO client.example"));
  static_cast<void>(peer.say("AUTH PLAIN " + base64_encode(std::string_view{"\0shop\0secret", 12})));
  return peer;
}

void door_fixture::publish(const ingress::ingress_settings& settings) { settings_->publish(compiled(settings)); }

}  // namespace stellwerk::test
