#include "mail/address_key.hpp"

#include <gtest/gtest.h>

#include "mail/address.hpp"

namespace stellwerk::mail {
namespace {

std::string key_of(std::string_view text) {
  const auto parsed = parse_address(text);
  EXPECT_TRUE(parsed) << text;
  return parsed ? address_key(parsed->to_string()) : "";
}

TEST(address_key, letter_case_does_not_count) {
  EXPECT_EQ(key_of("Ada.Lovelace@Example.ORG"), "ada.lovelace@example.org");
  EXPECT_EQ(address_key("ada@example.org"), "ada@example.org");
}

// P-089
TEST(address_key, both_spellings_of_a_domain_are_one) {
  EXPECT_EQ(key_of("ada@b\xc3\xbc"
                   "cher.example"),
            key_of("ada@xn--bcher-kva.example"));
}

TEST(address_key, quotes_that_are_not_needed_do_not_count) {
  EXPECT_EQ(key_of("\"Ada\"@example.org"), "ada@example.org");
  EXPECT_EQ(key_of("\"a\\da\"@example.org"), "ada@example.org");
  EXPECT_EQ(key_of("\"Ada L\"@example.org"), "\"ada l\"@example.org");
  EXPECT_EQ(key_of("\"a\\ b\"@example.org"), key_of("\"a b\"@example.org"));
  EXPECT_EQ(key_of("\"a\\\"b\\\\\"@example.org"), "\"a\\\"b\\\\\"@example.org");
}

TEST(address_key, a_key_is_an_address_and_its_own_key) {
  for (const char* text : {"ada@example.org", "\"Ada L\"@example.org", "\"a@b\"@example.org", "\"a..b\"@example.org"}) {
    EXPECT_EQ(key_of(key_of(text)), key_of(text)) << text;
  }
}

TEST(address_key, dots_and_tags_do_count) {
  EXPECT_NE(key_of("a.da@example.org"), key_of("ada@example.org"));
  EXPECT_NE(key_of("ada+news@example.org"), key_of("ada@example.org"));
}

TEST(address_key, what_is_no_address_does_no_harm) {
  EXPECT_EQ(address_key(""), "");
  EXPECT_EQ(address_key("@"), "@");
  EXPECT_EQ(address_key("\"@X"), "\"@x");
  EXPECT_EQ(address_key("\"\\\"@X"), "\"\\\\\"@x");
}

}  // namespace
}  // namespace stellwerk::mail
