// Every key of the contract is read, with its units.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/decoder.hpp"
#include "tests/unit/gateway/config/loader.hpp"

namespace stellwerk::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

loader with_secrets() {
  loader known;
  known.variables = {{"MJ_APIKEY_PUBLIC", "the-public-key"}, {"MJ_APIKEY_PRIVATE", "the-private-key"}};
  known.files = {{"/etc/stellwerk/shop.hash", "scrypt$16384$8$1$c2FsdA==$aGFzaA==\n"},
                 {"/etc/stellwerk/shop.token", std::string(64, 'a') + "\n"}};
  return known;
}

// Section 1 of the contract, as it stands.
const std::string sample = R"(node: {name: gw-1, data_directory: ./data}
ingress:
  smtp:
    - {name: legacy, address: 0.0.0.0:2525, profile: relay, allow_networks: [127.0.0.0/8, 10.0.0.0/8]}
    - {name: submission, address: 0.0.0.0:2587, profile: submission, tls: {mode: starttls, certificate: c.pem, key: k.pem}}
  grpc: {address: 127.0.0.1:50051}
http:
  public: {address: 0.0.0.0:8080}
  admin: {address: 127.0.0.1:9090}
clients:
  - {name: shop, tenant: acme, username: shop, password_hash: {file: shop.hash}, token_hash: {file: shop.token}, senders: ["@shop.example"],
     stream: {pin: transactional}, rate: 500/s}
streams: {transactional: {guaranteed: 50%}, marketing: {guaranteed: 10%}}
destinations:
  onprem:  {adapter: smtp, hosts: ["mta1:25", "mta2:25"], zone: on_prem, connections: 20, connect_timeout: 3s, cost_per_thousand: 0.02 EUR}
  ses:     {adapter: smtp, hosts: ["ses:25"], zone: eu}
  mailjet: {adapter: mailjet, api_key: {env: MJ_APIKEY_PUBLIC}, secret_key: {env: MJ_APIKEY_PRIVATE}, relay: {hosts: ["in-v3.mailjet.com:587"]},
            zone: eu, labels: {dpa: signed}, rate: 200/s, cost_per_thousand: 0.85 EUR, monthly_quota: 2000000}
policy:
  classify:
    rules:
      - {name: bulk-headers, when: '"list-unsubscribe" in header && recipients > 20', stream: marketing}
    otherwise: transactional
  invariants:
    - {name: personal-data-stays-home, when: '"personal" in tags', only: 'zone == "on_prem"'}
  routes:
    - {name: one-time-codes, when: 'stream == "transactional" && "otp" in tags', via: [onprem, mailjet], deadline: 60s, on_unknown: duplicate_is_better}
    - {name: newsletters, when: 'stream == "marketing"', via: [{split: {mailjet: 95, ses: 5}, by: recipient}, {limit: {rate: 50/s}, via: onprem}]}
    - {name: everything-else, via: {failover: [onprem, mailjet]}}
  retry: {transactional: {first: 30s, factor: 2, max: 30m, lifetime: 24h}, marketing: {first: 5m, factor: 2, max: 4h, lifetime: 72h}}
  health: {connect_failures: 2, consecutive_failures: 5, failure_ratio: 0.5, minimum_attempts: 20, window: 30s, latency: {p95: 10s, ratio: 5}, ejection: 30s, ejection_max: 10m, slow_start: 60s}
  failover_budget: {ratio: 0.2, minimum: 10/s}
)";

TEST(load, the_sample_of_the_contract_is_read_as_it_stands) {
  const auto read = with_secrets().good(sample);
  EXPECT_EQ(read.node.name, "gw-1");
  EXPECT_EQ(read.spool.data_directory, "/etc/stellwerk/./data");
  ASSERT_EQ(read.ingress.smtp.size(), 2U);
  EXPECT_THAT(read.ingress.smtp[0].allow_networks, ElementsAre("127.0.0.0/8", "10.0.0.0/8"));
  EXPECT_EQ(read.ingress.smtp[1].profile, ingress::smtp_profile::submission);
  EXPECT_EQ(read.ingress.smtp[1].tls, ingress::server_tls_mode::starttls);
  EXPECT_EQ(read.ingress.smtp[1].certificate, "/etc/stellwerk/c.pem");
  EXPECT_EQ(read.ingress.grpc.address, "127.0.0.1:50051");
  EXPECT_EQ(read.http.public_address, "0.0.0.0:8080");
  ASSERT_EQ(read.ingress.clients.size(), 1U);
  const ingress::client_config& shop = read.ingress.clients[0];
  EXPECT_EQ(shop.tenant, "acme");
  EXPECT_EQ(shop.password_hash, "scrypt$16384$8$1$c2FsdA==$aGFzaA==") << "without the line's end";
  EXPECT_EQ(shop.token_hash, std::string(64, 'a'));
  EXPECT_EQ(shop.pin, mail::traffic_stream::transactional);
  EXPECT_EQ(shop.rate_per_second, 500);
  EXPECT_DOUBLE_EQ(read.streams.marketing_guaranteed, 0.1);
  ASSERT_EQ(read.destinations.size(), 3U);
  EXPECT_EQ(read.destinations[0].smtp.hosts.size(), 2U);
  EXPECT_EQ(read.destinations[0].smtp.timeouts.connect, 3s);
  EXPECT_EQ(read.destinations[2].esp.secret_key, "the-private-key");
  ASSERT_TRUE(read.destinations[2].esp.relay);
  EXPECT_EQ(read.destinations[2].esp.relay->auth->username, "the-public-key");
  const auto traits = read.policy->destinations();
  EXPECT_EQ(traits[0].zone, "on_prem");
  EXPECT_EQ(traits[2].labels.at("dpa"), "signed");
  EXPECT_EQ(traits[2].monthly_quota, 2'000'000U);
  const policy::policy_config& rules = read.policy->config();
  EXPECT_EQ(rules.routes[0].deadline, 60s);
  EXPECT_EQ(rules.routes[0].on_unknown, policy::on_unknown::duplicate_is_better);
  EXPECT_EQ(rules.retry.at(mail::traffic_stream::marketing).lifetime, 72h);
  EXPECT_EQ(rules.health.ejection_max, 10min);
  EXPECT_DOUBLE_EQ(rules.failover_budget.minimum_per_second, 10);
}

TEST(load, what_is_printed_shows_no_secret) {
  const std::string text = describe(with_secrets().good(sample));
  for (const char* secret : {"the-public-key", "the-private-key", "aGFzaA==", "aaaaaaaa"})
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  EXPECT_THAT(text, HasSubstr("********"));
}

TEST(load, what_is_printed_is_all_that_is_in_force_and_where_it_was_set) {
  const std::string text = describe(loader{}.good(small_file("history: {retention: 48h}\nspool: {sync: false}\n")));
  for (const char* line : {
           "\ndestinations.onprem.adapter: smtp  # line 2\n",
           "\ndestinations.onprem.hosts: [mta1:25]  # line 2\n",
           "\ndestinations.onprem.connections: 20  # default\n",
           "\ndestinations.onprem.tls.mode: opportunistic  # default\n",
           "\ndestinations.onprem.rate: not set  # default\n",
           "\nhistory.retention: 48h  # line 6\n",
           "\nspool.sync: false  # line 7\n",
           "\ndelivery.delay_warning: 4h  # default\n",
           "\nstreams.transactional.guaranteed: 50%  # default\n",
           "\nlog.level: info  # default\n",
           "\npolicy.health.connect_failures: 2  # default\n",
           "\npolicy.retry.marketing.lifetime: 72h  # default\n",
           "\npolicy.routes[0].on_deferral: wait  # default\n",
           "\n  - {name: all, via: onprem, on_unknown: same_destination}\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(load, a_ca_file_that_cannot_be_used_is_a_fault_at_its_place) {
  const auto with_ca = [](const std::string& tls) {
    return "destinations:\n  onprem: {adapter: smtp, hosts: [\"mta1:25\"], tls: " + tls +
           "}\npolicy:\n  routes:\n    - {name: all, via: onprem}\n";
  };
  loader files;
  files.files["/etc/stellwerk/ours.pem"] = "pem";
  EXPECT_THAT(files.faults(with_ca("{mode: verified, ca: ours.pem}")), testing::IsEmpty());
  EXPECT_THAT(files.faults(with_ca("{mode: verified, ca: theirs.pem}")),
              ElementsAre("2:73: destinations.onprem.tls.ca: /etc/stellwerk/theirs.pem: cannot be read"));
}

TEST(load, units) {
  EXPECT_EQ(config::parse_duration("250ms"), 250ms);
  EXPECT_EQ(config::parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(config::parse_duration("72h"), 72h);
  EXPECT_EQ(config::parse_duration("3d"), 72h);
  EXPECT_EQ(config::parse_size("10KB"), 10'000U);
  EXPECT_EQ(config::parse_size("25MB"), 25'000'000U);
  EXPECT_EQ(config::parse_size("64KiB"), 65'536U);
  EXPECT_EQ(config::parse_rate("60/m"), 1);
  EXPECT_EQ(config::parse_rate("7200/h"), 2);
  EXPECT_EQ(config::parse_percent("50%"), 0.5);
  EXPECT_EQ(config::parse_money("0.85 EUR")->currency, "EUR");
  for (const char* wrong : {"", "s", "5 m", "-5s", "5M", "1e3s", "05s"})
    EXPECT_FALSE(config::parse_duration(wrong)) << wrong;
  for (const char* wrong : {"-1", "1kb", "1 KB", "KB"}) EXPECT_FALSE(config::parse_size(wrong)) << wrong;
  for (const char* wrong : {"0.85", "EUR 0.85", "0.85EUR", "0.85 eur", "-1 EUR", "0.85 EURO"})
    EXPECT_FALSE(config::parse_money(wrong)) << wrong;
}

}  // namespace
}  // namespace stellwerk::test
