// What is wrong in a file is told all at once, each where it stands, with the nearest known name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/gateway/config/loader.hpp"

namespace stellwerk::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(load_faults, faults_of_all_kinds_are_told_at_once_in_the_order_of_the_file) {
  const std::string text =
      "node: {name: gw-1, name: gw-2}\n"                                       // 1: form
      "ingress:\n"                                                             // 2
      "  smtp:\n"                                                              // 3
      "    - {name: legacy, adress: \"0.0.0.0:2525\"}\n"                       // 4: schema
      "destinations:\n"                                                        // 5
      "  onprem: {adapter: smtp, hosts: [\"mta1:25\"], connect_timeout: 3}\n"  // 6: unit
      "policy:\n"                                                              // 7
      "  routes:\n"                                                            // 8
      "    - {name: a, when: 'subjekt == \"x\"', via: onprem}\n"               // 9: condition
      "    - {name: b, via: [onprem, onprm]}\n";                               // 10: name
  EXPECT_THAT(
      loader{}.faults(text),
      ElementsAre(StartsWith("1:20: node: duplicate key 'name'"),
                  StartsWith("4:7: ingress.smtp[0].address: is required"),
                  StartsWith("4:22: ingress.smtp[0].adress: unknown key 'adress'; did you mean 'address'?"),
                  StartsWith("6:64: destinations.onprem.connect_timeout: a duration such as 250ms, 30s, 5m or 4h"),
                  StartsWith("9:24: policy.routes[0].when: "),
                  StartsWith("10:31: policy.routes[1].via[1]: unknown destination 'onprm'; did you mean 'onprem'?")));
}

TEST(load_faults, the_form_is_strict) {
  const std::pair<const char*, const char*> wrong[] = {
      {"log: &a {level: info}\nhttp: {admin: *a}\n", "aliases are not allowed"},
      {"log: {level: !!str info}\n", "tags are not allowed"},
      {"---\nlog: {}\n", "only one document"},
      {"? [a, b]\n: 1\n", "a key must be plain text"},
  };
  for (const auto& [more, reason] : wrong)
    EXPECT_THAT(loader{}.faults(small_file(more)), testing::Contains(HasSubstr(reason))) << more;
  EXPECT_THAT(loader{}.faults("a: [1\n"), ElementsAre(testing::MatchesRegex("[0-9]+:[0-9]+: .+")));
  EXPECT_THAT(loader{}.faults(""), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(loader{}.faults(std::string(40, '[') + std::string(40, ']')), ElementsAre(HasSubstr("nested deeper")));
}

TEST(load_faults, numbers_and_units_are_read_strictly) {
  const char* wrong[] = {
      "spool: {bytes_max: 50 GB}\n",
      "spool: {bytes_max: 50gb}\n",
      "spool: {sync: yes}\n",
      "spool: {sync: 'true'}\n",
      "history: {retention: 72}\n",
      "history: {retention: 72hours}\n",
      "delivery: {dsn_per_hour: 012}\n",
      "delivery: {dsn_per_hour: 0x10}\n",
      "delivery: {dsn_per_hour: -1}\n",
      "delivery: {dsn_per_hour: '10'}\n",
      "delivery: {dsn_per_hour: 1.5}\n",
      "streams: {marketing: {guaranteed: 10}}\n",
      "streams: {marketing: {guaranteed: 101%}}\n",
      "streams: {marketing: {guaranteed: 60%}}\n",  // with 50 % of transactional
      "clients: [{name: a, networks: [10.0.0.0/8], rate: 500}]\n",
      "clients: [{name: a, networks: [10.0.0.0/8], rate: 0/s}]\n",
      "clients: [{name: a, networks: [10.0.0.0/8], rate: 5/d}]\n",
      "clients: [{name: a, networks: 10.0.0.0/8}]\n",
  };
  for (const char* more : wrong) EXPECT_THAT(loader{}.faults(small_file(more)), testing::SizeIs(1)) << more;
  EXPECT_THAT(
      loader{}.faults(small_file("streams: {transactional: {guaranteed: 60%}, marketing: {guaranteed: 40%}}\n")),
      IsEmpty());
}

TEST(load_faults, words_have_their_nearest_neighbour) {
  EXPECT_THAT(loader{}.faults(small_file("log: {level: warn}\n")),
              ElementsAre(StartsWith("6:14: log.level: 'warn' is none of debug, info, warning, error")));
  EXPECT_THAT(loader{}.faults("destinations: {a: {adapter: mailjett}}\npolicy: {routes: [{name: r, via: a}]}\n"),
              ElementsAre(HasSubstr("unknown adapter 'mailjett'; did you mean 'mailjet'?")));
  EXPECT_THAT(loader{}.faults(small_file("polcy: {}\n")),
              ElementsAre(HasSubstr("6:1: polcy: unknown key 'polcy'; did you mean 'policy'?")));
  EXPECT_THAT(loader{}.faults(small_file("zzz: {}\n")), ElementsAre(StartsWith("6:1: zzz: unknown key 'zzz'")));
}

TEST(load_faults, a_secret_stands_elsewhere_and_must_be_found) {
  const std::string head = "clients: [{name: a, token_hash: ";
  EXPECT_THAT(loader{}.faults(small_file(head + std::string(64, 'a') + "}]\n")),
              ElementsAre(HasSubstr("never in the file itself")));
  EXPECT_THAT(loader{}.faults(small_file(head + "{env: NOWHERE}}]\n")),
              testing::Contains(HasSubstr("the environment has no 'NOWHERE'")));
  EXPECT_THAT(loader{}.faults(small_file(head + "{file: nowhere}}]\n")),
              testing::Contains(HasSubstr("cannot be read")));
  EXPECT_THAT(loader{}.faults(small_file(head + "{env: A, file: b}}]\n")),
              testing::Contains(HasSubstr("{env: NAME} or {file: PATH}")));
  loader known;
  known.variables["HASH"] = "not a hash";
  const auto lines = known.faults(small_file(head + "{env: HASH}}]\n"));
  EXPECT_THAT(lines, ElementsAre(HasSubstr("64 lower-case hexadecimal digits")));
  EXPECT_THAT(lines, testing::Each(testing::Not(HasSubstr("not a hash"))));
}

TEST(load_faults, addresses_that_nobody_can_listen_on) {
  for (const std::string address : {"2525", "0.0.0.0", "gateway.example:2525", "0.0.0.0:99999", "::1:25"}) {
    EXPECT_THAT(loader{}.faults(small_file("ingress: {smtp: [{name: l, address: \"" + address + "\"}]}\n")),
                ElementsAre(HasSubstr("ingress.smtp[0].address: an address with a port")))
        << address;
    EXPECT_THAT(loader{}.faults(small_file("http: {admin: {address: \"" + address + "\"}}\n")),
                testing::Contains(HasSubstr("http.admin.address: an address with a port")))
        << address;
  }
  for (const std::string address : {"127.0.0.1:0", "[::1]:2525", "localhost:2525", "0.0.0.0:25"})
    EXPECT_THAT(loader{}.faults(small_file("ingress: {smtp: [{name: l, address: \"" + address + "\"}]}\n")), IsEmpty())
        << address;
}

TEST(load_faults, what_the_adapter_cannot_use_stands_at_its_url) {
  loader known;
  known.variables["KEY"] = "k";
  EXPECT_THAT(known.faults("destinations: {a: {adapter: mailjet, api_key: {env: KEY}, url: \"ftp://x\"}}\npolicy: "
                           "{routes: [{name: r, via: a}]}\n"),
              ElementsAre(StartsWith("1:64: destinations.a.url: no URL for us")));
}

TEST(load_faults, beyond_loopback_needs_protection) {
  EXPECT_THAT(loader{}.faults(small_file("ingress: {grpc: {address: \"0.0.0.0:50051\"}}\n")),
              ElementsAre(HasSubstr("needs tls, or allow_plaintext")));
  EXPECT_THAT(loader{}.faults(small_file("ingress: {grpc: {address: \"0.0.0.0:50051\", allow_plaintext: true}}\n")),
              IsEmpty());
  EXPECT_THAT(loader{}.faults(small_file("http: {admin: {address: \"0.0.0.0:9090\"}}\n")),
              ElementsAre(HasSubstr("needs token_hash")));
}

TEST(load_faults, what_the_doors_find_has_its_place_and_is_not_told_twice) {
  loader doors;
  doors.doors_say = {{"clients[0].networks[1]", "not a network: nowhere"}, {"clients[0].token_hash", "something else"}};
  doors.variables["HASH"] = "short";
  EXPECT_THAT(doors.faults(small_file(
                  "clients:\n  - name: a\n    networks: [10.0.0.0/8, nowhere]\n    token_hash: {env: HASH}\n")),
              ElementsAre(StartsWith("8:28: clients[0].networks[1]: not a network: nowhere"),
                          HasSubstr("clients[0].token_hash: 64 lower-case hexadecimal digits")));
}

TEST(load_faults, a_node_is_named_like_a_host) {
  EXPECT_THAT(loader{}.faults(small_file("node: {name: \"gw 1\"}\n")),
              ElementsAre(HasSubstr("node.name: a host name")));
  EXPECT_THAT(loader{}.faults(small_file("node: {name: gw-1.example.org}\n")), IsEmpty());
}

}  // namespace
}  // namespace stellwerk::test
