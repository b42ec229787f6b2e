#include "gateway/ingress/client_directory.hpp"

#include <gtest/gtest.h>

#include "gateway/ingress/password_hash.hpp"

namespace stellwerk::ingress {
namespace {

client_config named(std::string name) {
  client_config out;
  out.name = std::move(name);
  return out;
}

TEST(client_directory, the_first_client_whose_networks_match) {
  auto one = named("one");
  one.networks = {"10.1.0.0/16", "2001:db8::/32"};
  auto two = named("two");
  two.networks = {"10.0.0.0/8"};
  const client_directory directory{{one, two}};
  EXPECT_EQ(directory.by_network("10.1.2.3")->name, "one");
  EXPECT_EQ(directory.by_network("10.2.2.3")->name, "two");
  EXPECT_EQ(directory.by_network("::ffff:10.2.2.3")->name, "two");
  EXPECT_EQ(directory.by_network("2001:db8::1")->name, "one");
  EXPECT_EQ(directory.by_network("192.0.2.1"), nullptr);
  EXPECT_EQ(directory.by_network("nonsense"), nullptr);
}

TEST(client_directory, tokens_are_compared_by_their_hash) {
  auto one = named("one");
  one.token_hash = "9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B2B0B822CD15D6C15B0F00A08";  // "test"
  const client_directory directory{{named("none"), one}};
  EXPECT_EQ(directory.by_token("test")->name, "one");
  EXPECT_EQ(directory.by_token("tesT"), nullptr);
  EXPECT_EQ(directory.by_token(""), nullptr);
}

TEST(client_directory, certificate_names_ignore_letter_case) {
  auto one = named("one");
  one.certificate_names = {"Shop.example"};
  const client_directory directory{{one}};
  const std::vector<std::string> names{"x.example", "shop.EXAMPLE"};
  EXPECT_EQ(directory.by_certificate(names)->name, "one");
  EXPECT_EQ(directory.by_certificate({}), nullptr);
}

TEST(client_directory, an_unknown_user_costs_what_a_known_one_does) {
  auto one = named("one");
  one.username = "shop";
  one.password_hash = hash_password("secret", {32, 2, 1});
  const client_directory directory{{one}};
  EXPECT_TRUE(directory.has_passwords());
  EXPECT_EQ(directory.password_hash_of("shop"), one.password_hash);
  const std::string& dummy = directory.password_hash_of("nobody");
  EXPECT_EQ(cost_of_password_hash(dummy), cost_of_password_hash(one.password_hash));
  EXPECT_FALSE(verify_password(dummy, "secret"));
  EXPECT_FALSE(verify_password(directory.password_hash_of(""), ""));
}

}  // namespace
}  // namespace stellwerk::ingress
