#include "gateway/ingress/content_checks.hpp"

#include <gtest/gtest.h>

namespace stellwerk::ingress {
namespace {

std::optional<refusal> check_from(const std::string& from) {
  client_config client;
  client.senders = {"@shop.example"};
  const std::string content = "From: " + from + "\r\n\r\n";
  const auto header = mail::header_section::parse(content);
  return check_header_from(header, client);
}

TEST(content_checks, every_mailbox_of_from_must_be_allowed) {
  EXPECT_FALSE(check_from("a@shop.example"));
  EXPECT_FALSE(check_from("Shop <a@shop.example>, \"B, C\" <b@SHOP.example>"));
  EXPECT_TRUE(check_from("a@shop.example, x@other.example"));
  EXPECT_TRUE(check_from("\"a@shop.example\" <x@other.example>"));
  EXPECT_TRUE(check_from("nobody"));
  EXPECT_TRUE(check_from(""));
}

TEST(content_checks, an_unbound_client_may_write_what_it_likes) {
  const client_config client;
  const std::string content = "From: whoever\r\n\r\n";
  const auto header = mail::header_section::parse(content);
  EXPECT_FALSE(check_header_from(header, client));
}

TEST(content_checks, kinds_follow_the_fault) {
  const auto kind_of = [](const std::string& content) {
    const auto header = mail::header_section::parse(content);
    const auto refused = check_header(header, mail::submission_profile::relay, "gw-1");
    return refused ? std::optional{refused->kind} : std::nullopt;
  };
  EXPECT_EQ(kind_of("From: a@b.example\r\n\r\n"), std::nullopt);
  EXPECT_EQ(kind_of("From: a@b.example\r\nFrom: a@b.example\r\n\r\n"), refusal_kind::malformed);
  std::string hops;
  for (int i = 0; i < 101; ++i) hops += "Received: by x\r\n";
  EXPECT_EQ(kind_of(hops + "\r\n"), refusal_kind::loop);
}

}  // namespace
}  // namespace stellwerk::ingress
