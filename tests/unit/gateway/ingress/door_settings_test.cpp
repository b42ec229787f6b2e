#include "gateway/ingress/door_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/ingress/password_hash.hpp"

namespace stellwerk::ingress {
namespace {

TEST(door_settings, every_fault_is_told_at_once) {
  ingress_settings values;
  smtp_listener_config listener;
  listener.name = "relay";
  listener.allow_networks = {"10.0.0.0/99"};
  listener.tls = server_tls_mode::starttls;
  listener.certificate = "/does/not/exist.pem";
  values.smtp = {listener};
  client_config client;
  client.name = "shop";
  client.networks = {"everywhere"};
  client.senders = {"shop.example"};
  client.recipients = {"@"};
  client.username = "shop";
  client.password_hash = "secret";
  client.token_hash = "abc";
  values.clients = {client};
  const auto outcome = make_door_settings(values, {});
  EXPECT_EQ(outcome.settings, nullptr);
  std::vector<std::string> paths;
  for (const door_fault& fault : outcome.faults) paths.push_back(fault.path);
  EXPECT_THAT(paths, testing::ElementsAre("clients[0].networks[0]", "clients[0].senders[0]", "clients[0].recipients[0]",
                                          "clients[0].password_hash", "clients[0].token_hash",
                                          "ingress.smtp[0].allow_networks[0]", "ingress.smtp[0].tls"));
}

TEST(door_settings, the_tenant_is_the_name_unless_given) {
  ingress_settings values;
  client_config one;
  one.name = "one";
  client_config two;
  two.name = "two";
  two.tenant = "acme";
  values.clients = {one, two};
  const auto outcome = make_door_settings(values, {});
  ASSERT_NE(outcome.settings, nullptr);
  EXPECT_EQ(outcome.settings->clients.by_name("one")->tenant, "one");
  EXPECT_EQ(outcome.settings->clients.by_name("two")->tenant, "acme");
  EXPECT_EQ(outcome.settings->door("none"), nullptr);
}

}  // namespace
}  // namespace stellwerk::ingress
